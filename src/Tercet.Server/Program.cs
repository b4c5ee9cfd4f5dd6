using Tercet.Server;

return ServerApp.Run(args);
