using Tercet.Cli;

return CommandApp.Run(args);
