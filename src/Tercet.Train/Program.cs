using Tercet.Train;

return TrainApp.Run(args);
