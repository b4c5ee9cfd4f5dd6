using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tercet.Interchange;
using Tercet.Server.Json;

namespace Tercet.Server.Security;

/// <summary>A file of keys, changed by replacing it whole.</summary>
internal sealed class KeyFile(string path)
{
    private const string Prefix = "tercet_";
    private const int KeyBytes = 32;

    /// <exception cref="InvalidFileException">The file is not one of keys.</exception>
    public KeyList Read()
    {
        try
        {
            KeyList list = JsonSerializer.Deserialize(File.ReadAllBytes(path), ServerJson.Default.KeyList) ?? throw new JsonException("it holds null");
            foreach (KeyEntry? key in list.Keys ?? throw new JsonException("it has no keys"))
            {
                if (key?.Name is null || key.Sha256 is not { Length: 2 * SHA256.HashSizeInBytes } digits || !digits.All(char.IsAsciiHexDigit))
                    throw new JsonException("a key has no name or no SHA-256");
            }

            return list;
        }
        catch (JsonException failure)
        {
            throw new InvalidFileException(path, $"no file of keys: {failure.Message}", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InvalidFileException(path, $"cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Makes a key.</summary>
    /// <returns>The key, which is kept nowhere.</returns>
    public string Add(string name)
    {
        KeyList list = File.Exists(path) ? Read() : new KeyList([]);
        if (list.Keys.Any(each => each.Name == name && each.Revoked is null))
            throw new TercetException($"{path}: there is a key of {name} already; revoke it first, or choose another name.");
        string key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        Write(new KeyList([.. list.Keys, new KeyEntry(name, Convert.ToHexStringLower(Hash(key)), DateTimeOffset.UtcNow, null)]));
        return key;
    }

    /// <summary>Refuses every key of a name from now on.</summary>
    public void Revoke(string name)
    {
        KeyList list = Read();
        if (!list.Keys.Any(each => each.Name == name && each.Revoked is null))
            throw new TercetException($"{path}: there is no key of {name} that is not revoked.");
        Write(new KeyList([.. list.Keys.Select(each => each.Name == name && each.Revoked is null ? each with { Revoked = DateTimeOffset.UtcNow } : each)]));
    }

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private void Write(KeyList list) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, list, ServerJson.Default.KeyList));
}
