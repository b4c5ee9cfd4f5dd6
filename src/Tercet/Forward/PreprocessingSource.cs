using Microsoft.ML.OnnxRuntime;
using Tercet.Imaging;

namespace Tercet.Forward;

/// <summary>Finds what a model expects of an image: the caller's word, the sidecar file, or the model's own metadata, in this order.</summary>
internal static class PreprocessingSource
{
    private const string PresetKey = "tercet.preset";

    public static Preprocessing? Find(string modelPath, EmbedderOptions options, InferenceSession session)
    {
        if (options.Preprocessing is not null)
            return options.Preprocessing;
        string sidecar = modelPath + ".json";
        if (File.Exists(sidecar))
            return Preprocessing.FromJsonFile(sidecar);
        if (!session.ModelMetadata.CustomMetadataMap.TryGetValue(PresetKey, out string? preset))
            return null;
        try
        {
            return Preprocessing.Preset(preset);
        }
        catch (ArgumentException failure)
        {
            throw new TercetException($"{modelPath}: the model's metadata name the preset '{preset}' under {PresetKey}: {failure.Message} Give the preprocessing as an option or in {sidecar}.", failure);
        }
    }
}
