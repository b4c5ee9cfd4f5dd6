using System.Security.Cryptography;

namespace Tercet.Server.Security;

/// <summary>Says whose a key is. The file is read again when it has changed; while it cannot be read, no key is right.</summary>
internal sealed class KeyStore(string path)
{
    private readonly KeyFile _file = new(path);
    private readonly Lock _gate = new();
    private (string Name, byte[] Hash)[] _keys = [];
    private (DateTime Written, long Length) _seen = (DateTime.MinValue, -1);

    /// <summary>The name that goes with a key, or null.</summary>
    public string? Find(string key)
    {
        byte[] hash = KeyFile.Hash(key);
        string? found = null;

        // All of them, whichever fits: how long it takes says nothing about a key.
        foreach ((string name, byte[] each) in Current())
        {
            if (CryptographicOperations.FixedTimeEquals(hash, each))
                found = name;
        }

        return found;
    }

    private (string Name, byte[] Hash)[] Current()
    {
        FileInfo file = new(path);
        (DateTime, long) now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : (DateTime.MinValue, 0);
        lock (_gate)
        {
            if (now == _seen)
                return _keys;
            try
            {
                _keys = [.. _file.Read().Keys.Where(key => key.Revoked is null).Select(key => (key.Name, Convert.FromHexString(key.Sha256)))];
            }
            catch (InvalidFileException)
            {
                _keys = [];
            }

            _seen = now;
            return _keys;
        }
    }
}
