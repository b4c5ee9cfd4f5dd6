using Microsoft.ML.OnnxRuntime;

namespace Tercet.Forward;

/// <summary>One session under several embedders; the last one to leave closes it. ONNX Runtime's sessions may run on many threads at once.</summary>
internal sealed class SharedSession(InferenceSession session)
{
    private int _users = 1;

    public InferenceSession Session { get; } = session;

    /// <exception cref="ObjectDisposedException">Every user has left.</exception>
    public SharedSession Join()
    {
        int users = Volatile.Read(ref _users);
        while (true)
        {
            ObjectDisposedException.ThrowIf(users == 0, this);
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return this;
            users = seen;
        }
    }

    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Session.Dispose();
    }
}
