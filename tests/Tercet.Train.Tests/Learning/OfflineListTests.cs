using Tercet.Mining;
using Tercet.Train.Data;
using Tercet.Train.Learning;
using Tercet.Train.Network;
using Tercet.Train.Tests.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.Learning;

public sealed class OfflineListTests
{
    [Fact]
    public void Refresh_WholeSet_ListsTheHardestOfEachAnchor()
    {
        using Folder folder = new();
        using IDisposable scope = NewDisposeScope();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path), ValidationIdentities = 0, RefreshSubset = 144, RefreshEvery = 100 };
        ImageSet images = TrainingData.Load(options).Train;
        torch.manual_seed(1);
        using nn.Module<Tensor, Tensor> network = EmbeddingNetwork.Create(1, 8, 8, options);
        using TripletMiner miner = new();
        OfflineList list = new(options, images, folder.Path);

        MiningStatistics statistics = list.Refresh(network, miner, new MiningOptions { Rule = MiningRule.BatchHard }, step: 0);

        network.eval();
        Tensor rows = network.call(Validator.ToTensor(images, [.. Enumerable.Range(0, 144)]));
        Tensor distances = (rows.unsqueeze(1) - rows.unsqueeze(0)).square().sum(-1);
        Tensor labels = torch.tensor(images.Labels.ToArray());
        Tensor same = labels.unsqueeze(0).eq(labels.unsqueeze(1)).to_type(ScalarType.Float32);
        Tensor hardest = (distances + ((1 - same) * -100)).amax([1]);
        Tensor nearest = (distances + (same * 100)).amin([1]);
        Assert.Equal((144L, 3 * 144), (statistics.Selected, list.Rows.Length));
        Assert.Equal(Enumerable.Range(0, 144), list.Rows.Where((_, at) => at % 3 == 0).Order());
        foreach (int[] triplet in list.Rows.Chunk(3))
        {
            Assert.Equal(hardest[triplet[0]].ToDouble(), distances[triplet[0], triplet[1]].ToDouble(), 1e-4);
            Assert.Equal(nearest[triplet[0]].ToDouble(), distances[triplet[0], triplet[2]].ToDouble(), 1e-4);
        }
    }

    [Fact]
    public void Next_EndOfTheList_BeginsAgainAndNamesEachRowOnce()
    {
        OfflineList list = new(SmallData.Options with { Identities = 2, PerIdentity = 3, RandomNegatives = 0 }, new ImageSet([], [], 1, 1, 1), "");
        list.Restore([7, 8, 9, 8, 7, 9, 1, 2, 3], 2);
        List<int> batch = [];

        Triplet[] triplets = list.Next(batch);

        Assert.Equal([1, 2, 3, 7, 8, 9], batch);
        Assert.Equal([new Triplet(0, 1, 2, 0, 0), new Triplet(3, 4, 5, 0, 0)], triplets);
        Assert.Equal(1, list.Used);
    }
}
