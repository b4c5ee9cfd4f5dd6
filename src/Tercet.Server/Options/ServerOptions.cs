namespace Tercet.Server.Options;

/// <summary>What the server does beside running the model; the section <c>Server</c> of a settings file.</summary>
internal sealed class ServerOptions
{
    /// <summary>Where to listen, several separated by semicolons.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:8080";

    /// <summary>The file of keys; empty for none, which only loopback addresses may go without.</summary>
    public string KeysFile { get; set; } = "";

    /// <summary>A gallery for search and verification; empty for none.</summary>
    public string Gallery { get; set; } = "";

    /// <summary>How often to look for a new commit of the gallery.</summary>
    public TimeSpan GalleryReload { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A PEM file with the certificate chain, for https addresses.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>The PEM file with its key.</summary>
    public string CertificateKey { get; set; } = "";

    /// <summary>Largest body of a request in bytes.</summary>
    public long MaxRequestBytes { get; set; } = 32L << 20;

    /// <summary>Most images, or samples, of one request.</summary>
    public int MaxImages { get; set; } = 64;

    /// <summary>Longest time for a request, its body included.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests of one key at the same time.</summary>
    public int ConcurrencyPerKey { get; set; } = 64;

    /// <summary>Connections at the same time.</summary>
    public int MaxConnections { get; set; } = 4096;

    /// <summary>Most rows to mine in one request.</summary>
    public int MaxMiningRows { get; set; } = 8192;

    /// <summary>Most triplets of one answer.</summary>
    public int MaxTriplets { get; set; } = 1_000_000;

    /// <summary>Whether to open the model without trying it in a process of its own first.</summary>
    public bool TrustModel { get; set; }
}
