using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;

namespace Tercet.Cli.Commands;

internal abstract class Stub(string n) : Verb(n, "stub") { public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken) { } }
internal sealed class EmbedCommand() : Stub("embed");
internal sealed class MineCommand : Stub { public MineCommand() : base("mine") { _a = new(this, RuleTable.Mining); Add(Json); } private readonly MiningArguments _a; 
 public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken) { Console.WriteLine(_a.Read(parse)); Task.Delay(10000, cancellationToken).GetAwaiter().GetResult(); } }
internal sealed class LossCommand() : Stub("loss");
internal sealed class EvaluateCommand() : Stub("evaluate");
internal sealed class DemoCommand() : Stub("demo");
internal sealed class InfoCommand() : Stub("info");
internal sealed class DevicesCommand() : Stub("devices");
