namespace Tercet.Tests.Forward;

/// <summary>A temporary folder for model files.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tercet-tests-");

    public string Save(OnnxModelBuilder model, string name = "model.onnx") => Save(model.Build(), name);

    public string Save(byte[] bytes, string name = "model.onnx")
    {
        string path = PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
