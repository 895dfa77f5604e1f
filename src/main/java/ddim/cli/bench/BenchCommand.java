package ddim.cli.bench;

import picocli.CommandLine.Command;

/** {@code ddim bench}. */
@Command(
    name = "bench",
    subcommands = {SeedsCommand.class, SegmentsCommand.class},
    description = "Measures the batching of a model on this machine, without a network.")
public final class BenchCommand {}
