using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Tercet.Imaging;

namespace Tercet.Forward;

/// <summary>Opens a model file step by step: read, choose the device, check the signature, prove the batch, record the nodes.</summary>
internal static class ModelLoader
{
    // What ONNX Runtime reports for a model without a version.
    private const long NoVersion = long.MaxValue;

    public static LoadedModel Load(string path, EmbedderOptions options)
    {
        OnnxFile file = OnnxFile.Read(path);
        using NodeProfile profile = NodeProfile.Start();
        SessionFactory factory = new(file, options, profile.Folder);
        InferenceSession session = factory.OpenFile();
        try
        {
            Preprocessing? preprocessing = PreprocessingSource.Find(file.Path, options, session);
            ModelSignature signature = ModelSignature.Resolve(file, session, options, preprocessing);
            ModelMetadata metadata = Describe(file, session.ModelMetadata);
            ProvenModel proven = BatchProof.Decide(file, factory, signature, session, options.Pooling);
            session = proven.Session;
            if ((long)proven.Shape.Length * options.MaxBatch > Array.MaxLength)
                throw signature.Unsupported($"{options.MaxBatch} outputs of {proven.Shape.Length:N0} floats do not fit one buffer; lower {nameof(EmbedderOptions.MaxBatch)}.");
            ModelInfo info = new()
            {
                Path = file.Path,
                Sha256 = file.Sha256,
                FileBytes = file.Bytes.Length,
                Input = signature.Input,
                Output = signature.Output,
                Metadata = metadata,
                BatchMode = proven.Mode,
                BatchNote = proven.Note,
                SampleShape = signature.SampleShape,
                InputLength = signature.InputLength,
                Dimension = proven.Shape.Dimension,
                Tokens = proven.Shape.Tokens,
                Pooling = options.Pooling,
                Device = factory.Target.Device,
                Provider = factory.Target.Provider,
                DeviceNote = factory.DeviceNote,
                Placement = profile.Finish(session, factory.Target),
                Preprocessing = preprocessing,
                RuntimeVersion = OrtEnv.Instance().GetVersionString(),
            };
            return new LoadedModel(new SharedSession(session), info, proven.Shape);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static ModelMetadata Describe(OnnxFile file, Microsoft.ML.OnnxRuntime.ModelMetadata model) => new(
        model.ProducerName,
        model.Domain,
        model.GraphName,
        model.Description,
        model.Version == NoVersion ? null : model.Version,
        file.IrVersion,
        file.Opset,
        model.CustomMetadataMap.ToImmutableDictionary(StringComparer.Ordinal));
}
