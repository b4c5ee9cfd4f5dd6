using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using Tercet.Tests;

namespace Tercet.Galleries.Tests;

/// <summary>Other people's programs, fetched by <c>tests/run.sh</c>; a test that needs one which is not there is skipped with the reason.</summary>
internal static class Readers
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static string Folder => Path.Combine(Repository.Root, "artifacts", "readers");

    /// <summary>Asks DuckDB.</summary>
    public static JsonElement DuckDb(string sql)
    {
        Require("@duckdb/node-api");
        using Process node = Start("duckdb.mjs", sql);
        string answer = node.StandardOutput.ReadToEnd();
        Assert.True(node.WaitForExit(Patience) && node.ExitCode == 0, $"node duckdb.mjs: exit code {node.ExitCode}");
        return JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>
    /// A PostgreSQL that has pgvector: the one that <c>TERCET_POSTGRES</c> is the connection string of, or else PGlite, PostgreSQL compiled to WebAssembly, behind a socket.
    /// </summary>
    /// <param name="use">Uses the connection, in a schema of its own that goes away again, and what copies a CSV file into a table.</param>
    public static async Task Postgres(Func<NpgsqlConnection, Func<string, string, Task>, Task> use)
    {
        if (Environment.GetEnvironmentVariable("TERCET_POSTGRES") is { Length: > 0 } given)
        {
            await Connect(given, null, use);
            return;
        }

        Require("@electric-sql/pglite-socket");
        Require("@electric-sql/pglite-pgvector");
        int port = FreePort();
        string data = Directory.CreateTempSubdirectory("tercet-pglite-").FullName;
        using Process server = Start("node_modules/@electric-sql/pglite-socket/dist/scripts/server.js", string.Create(CultureInfo.InvariantCulture, $"--port={port}"), $"--db={data}", "--extensions=@electric-sql/pglite-pgvector:vector");
        try
        {
            using CancellationTokenSource late = new(Patience);
            while (await server.StandardOutput.ReadLineAsync(late.Token) is { } line && !line.Contains("listening", StringComparison.Ordinal))
            {
                // It says what it loads.
            }

            await Connect($"Host=127.0.0.1;Port={port};Username=postgres;Password=postgres;Database=postgres;SSL Mode=Disable;Maximum Pool Size=1", data, use);
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task Connect(string connectionString, string? dataFolder, Func<NpgsqlConnection, Func<string, string, Task>, Task> use)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        await Execute("CREATE EXTENSION IF NOT EXISTS vector; DROP SCHEMA IF EXISTS tercet_test CASCADE; CREATE SCHEMA tercet_test; SET search_path TO tercet_test, public");
        await use(connection, Copy);
        await Execute("DROP SCHEMA tercet_test CASCADE");

        // PGlite's socket has no COPY FROM STDIN; its server reads the file itself.
        async Task Copy(string table, string path)
        {
            if (dataFolder is not null)
            {
                File.Copy(path, Path.Combine(dataFolder, "rows.csv"));
                await Execute($"COPY {table} FROM 'rows.csv' WITH (FORMAT csv, HEADER)");
                return;
            }

            await using TextWriter copy = await connection.BeginTextImportAsync($"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER)");
            await copy.WriteAsync(await File.ReadAllTextAsync(path));
        }

        async Task Execute(string sql)
        {
            await using NpgsqlCommand command = new(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static void Require(string package)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules", package)))
            Assert.Skip($"the npm package {package} is not in artifacts/readers, where tests/run.sh puts it");
    }

    private static Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new("node", arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true };
        return Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
