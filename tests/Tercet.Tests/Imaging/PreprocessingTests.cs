using System.Text;
using Tercet.Imaging;

namespace Tercet.Tests.Imaging;

public sealed class PreprocessingTests : IDisposable
{
    private readonly TestImages _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Preset_Sface_IsRawRgb()
    {
        Preprocessing sface = Preprocessing.Preset("sface");
        Assert.Equal(new Preprocessing { Width = 112, Height = 112, Layout = TensorLayout.Nchw, Mean = [0, 0, 0], Scale = [1, 1, 1] }, sface);
        Assert.Equal(3 * 112 * 112, sface.Length);
    }

    [Fact]
    public void Preset_Unknown_Throws() => Assert.Throws<ArgumentException>("name", () => Preprocessing.Preset("face"));

    [Fact]
    public void FromJsonFile_EveryField_IsRead()
    {
        Preprocessing read = Read("""{"width":96,"height":112,"layout":"nhwc","channelOrder":"bgr","mean":[1,2,3],"scale":[0.5],"alignment":"dlib-chip"}""");
        Preprocessing expected = new()
        {
            Width = 96,
            Height = 112,
            Layout = TensorLayout.Nhwc,
            ChannelOrder = ChannelOrder.Bgr,
            Mean = [1, 2, 3],
            Scale = [0.5f, 0.5f, 0.5f],
            Alignment = Alignment.DlibChip,
        };
        Assert.Equal(expected, read);
        Assert.Equal(expected.GetHashCode(), read.GetHashCode());
    }

    [Fact]
    public void FromJsonFile_OnlyTheSize_TakesTheDefaults() =>
        Assert.Equal(new Preprocessing { Width = 1, Height = 2 }, Read("""{"width":1,"height":2}"""));

    [Fact]
    public void FromJsonFile_Map_IsRead() =>
        Assert.Equal(Alignment.FromMap(new AffineMap(1, 2, 3, 4, 5, 6)), Read("""{"width":1,"height":2,"map":[1,2,3,4,5,6]}""").Alignment);

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("null", "null")]
    [InlineData("[]", "$")]
    [InlineData("""{"width":1}""", "height")]
    [InlineData("""{"width":1,"height":2,"sise":3}""", "sise")]
    [InlineData("""{"width":0,"height":2}""", "width 0")]
    [InlineData("""{"width":1,"height":99999999}""", "height 99999999")]
    [InlineData("""{"width":1.5,"height":2}""", "width")]
    [InlineData("""{"width":1,"height":2,"layout":"chw"}""", "'chw'")]
    [InlineData("""{"width":1,"height":2,"channelOrder":"grey"}""", "'grey'")]
    [InlineData("""{"width":1,"height":2,"mean":[1,2]}""", "mean has 2")]
    [InlineData("""{"width":1,"height":2,"scale":[1e99,1,1]}""", "scale")]
    [InlineData("""{"width":1,"height":2,"alignment":"fit"}""", "'fit'")]
    [InlineData("""{"width":1,"height":2,"map":[1,2,3]}""", "map has 3")]
    [InlineData("""{"width":1,"height":2,"map":[1,2,3,4,5,1e999]}""", "map")]
    [InlineData("""{"width":1,"height":2,"alignment":"resize","map":[1,2,3,4,5,6]}""", "exclude")]
    public void FromJsonFile_BadContent_NamesFileAndFault(string json, string fault)
    {
        TercetException failure = Assert.Throws<TercetException>(() => Read(json));
        Assert.StartsWith(_files.PathOf("model.onnx.json"), failure.Message, StringComparison.Ordinal);
        Assert.Contains(fault, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void FromJsonFile_MissingFile_NamesIt()
    {
        TercetException failure = Assert.Throws<TercetException>(() => Preprocessing.FromJsonFile(_files.PathOf("none.json")));
        Assert.StartsWith(_files.PathOf("none.json"), failure.Message, StringComparison.Ordinal);
    }

    private Preprocessing Read(string json) => Preprocessing.FromJsonFile(_files.Save("model.onnx.json", Encoding.UTF8.GetBytes(json)));
}
