using System.CommandLine;
using Tercet.Cli.Output;

namespace Tercet.Cli.Commands;

internal abstract class Stub(string n) : Verb(n, "stub") { public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken) { } }
internal sealed class DemoCommand() : Stub("demo");
