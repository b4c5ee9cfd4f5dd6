using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>
/// Finds out by running whether a model stands a batch: pseudo-random samples together must give what they give alone. A declared
/// symbolic dimension proves nothing, and neither does an edited one: a Reshape to a constant shape or a scale taken over the whole tensor
/// shows only in the numbers.
/// </summary>
internal sealed class BatchProof
{
    // Kernels differ with the batch size and so do the last bits of their sums (TF32 on a GPU: 1e-3 of the sample's largest component);
    // a model that mixes its samples is off by the size of the components themselves.
    private const float Tolerance = 2e-3f;

    private readonly ModelSignature _signature;
    private readonly TokenPooling _pooling;
    private readonly float[] _samples;
    private readonly int _count;

    private BatchProof(ModelSignature signature, TokenPooling pooling)
    {
        _signature = signature;
        _pooling = pooling;
        _count = Math.Max(2, signature.FixedBatch);
        _samples = new float[checked(_count * signature.InputLength)];
        Random random = new(20150317);

        // Unlike ranges, so that samples differ for a model that scales images and for one that takes unit vectors.
        for (int i = 0; i < _samples.Length; i++)
            _samples[i] = i / signature.InputLength % 2 == 0 ? random.NextSingle() * 255f : (random.NextSingle() * 2f) - 1f;
    }

    /// <summary>Decides the mode; disposes the session that it does not return.</summary>
    /// <exception cref="UnsupportedModelException">The model does not run, or its output is not an embedding.</exception>
    public static ProvenModel Decide(OnnxFile file, SessionFactory factory, ModelSignature signature, InferenceSession session, TokenPooling pooling)
    {
        BatchProof proof = new(signature, pooling);
        float[] expected = proof.Reference(session, out OutputShape shape);
        if (signature.FixedBatch == 0)
        {
            string? failure = proof.Compare(session, expected, shape);
            return failure is null
                ? new ProvenModel(session, shape, BatchMode.Dynamic, "The model declares a symbolic batch; two samples together gave what each gives alone.")
                : new ProvenModel(session, shape, BatchMode.OneByOne, $"The model declares a symbolic batch but does not stand one: {failure}");
        }

        string reason;
        try
        {
            InferenceSession edited = factory.Open(GraphEdit.MakeBatchSymbolic(file, signature.Input.Name, signature.FixedBatch));
            string? failure = proof.Compare(edited, expected, shape);
            if (failure is null)
            {
                session.Dispose();
                return new ProvenModel(edited, shape, BatchMode.MadeDynamic, $"The batch is fixed at {signature.FixedBatch} in the file; with a symbolic one the model gave the same embeddings.");
            }

            edited.Dispose();
            reason = failure;
        }
        catch (OnnxRuntimeException failure)
        {
            reason = failure.Message;
        }

        return signature.FixedBatch == 1
            ? new ProvenModel(session, shape, BatchMode.OneByOne, $"The batch is fixed at 1 in the file and the model does not stand a larger one: {reason}")
            : throw signature.Unsupported($"its batch is fixed at {signature.FixedBatch} and the model does not stand another ({reason}). Export it with a symbolic batch.");
    }

    private float[] Reference(InferenceSession session, out OutputShape shape)
    {
        int step = Math.Max(1, _signature.FixedBatch);
        List<float> rows = [];
        shape = null!;
        try
        {
            for (int first = 0; first < _count; first += step)
            {
                float[] output = Run(session, first, step, out long[] dimensions);
                shape = OutputShape.Resolve(_signature, dimensions, step, _pooling);
                rows.AddRange(output);
            }
        }
        catch (OnnxRuntimeException failure)
        {
            throw _signature.Unsupported($"the model does not run on a batch of {step}: {failure.Message}", failure);
        }

        return [.. rows];
    }

    private string? Compare(InferenceSession session, float[] expected, OutputShape shape)
    {
        try
        {
            string? failure = CompareRun(session, 0, _count, expected, shape);

            // The sample of the smaller range: whatever is taken over a whole batch comes from the others.
            return failure is null && _signature.FixedBatch > 1 ? CompareRun(session, 1, 1, expected, shape) : failure;
        }
        catch (OnnxRuntimeException failure)
        {
            return failure.Message;
        }
    }

    private string? CompareRun(InferenceSession session, int first, int count, float[] expected, OutputShape shape)
    {
        float[] actual = Run(session, first, count, out long[] dimensions);
        if (dimensions[0] != count || actual.Length != count * shape.Length)
            return $"a batch of {count} gave an output of [{string.Join(", ", dimensions)}].";
        for (int sample = 0; sample < count; sample++)
        {
            ReadOnlySpan<float> together = actual.AsSpan(sample * shape.Length, shape.Length);
            ReadOnlySpan<float> alone = expected.AsSpan((first + sample) * shape.Length, shape.Length);
            float bound = Tolerance * MathF.Abs(TensorPrimitives.MaxMagnitudeNumber(alone));
            for (int j = 0; j < alone.Length; j++)
            {
                if (!together[j].Equals(alone[j]) && !(MathF.Abs(together[j] - alone[j]) <= bound))
                    return $"in a batch of {count} component {j} of sample {first + sample} is {together[j]:G6}, {(_signature.FixedBatch > 1 ? $"in one of {_signature.FixedBatch}" : "alone")} {alone[j]:G6}.";
            }
        }

        return null;
    }

    private float[] Run(InferenceSession session, int first, int count, out long[] dimensions)
    {
        using RunOptions options = new();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        long[] shape = [count, .. _signature.SampleShape];
        Memory<float> samples = _samples.AsMemory(first * _signature.InputLength, count * _signature.InputLength);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, samples, shape);
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [_signature.Input.Name], [input], [_signature.Output.Name]);
        dimensions = outputs[0].GetTensorTypeAndShape().Shape;
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
