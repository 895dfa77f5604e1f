package ddim.cli;

import ddim.cli.bench.BenchCommand;
import ddim.cli.images.WrongCallException;
import ddim.cli.operations.DecodeCommand;
import ddim.cli.operations.EncodeCommand;
import ddim.cli.operations.GenerateCommand;
import ddim.cli.operations.InterpolateCommand;
import ddim.cli.operations.ReconstructCommand;
import ddim.cli.operations.SampleCommand;
import ddim.cli.operations.SequenceCommand;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The commands of {@code scripts/ddim}, put together.
 *
 * <p>Exit codes: 0 done, 1 failed, 2 a wrong call. Errors are one line on the error stream; {@code
 * --verbose}, or the environment variable {@code DDIM_DEBUG}, adds the stack trace.
 */
@Command(
    name = "ddim",
    versionProvider = ProgramVersion.class,
    description = "Trains, exports, serves and samples DDIM diffusion models.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      TrainCommand.class,
      TrainFeaturesCommand.class,
      EvaluateCommand.class,
      CardCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      ServeCommand.class,
      SampleCommand.class,
      BenchCommand.class,
      GenerateCommand.class,
      EncodeCommand.class,
      DecodeCommand.class,
      ReconstructCommand.class,
      InterpolateCommand.class,
      SequenceCommand.class,
      InspectCommand.class,
      ProfileCommand.class
    })
public final class Main {
  private static final int USAGE_WIDTH = 100;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and exit.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version and exit.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean version;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean verbose;

  private Main() {}

  public static void main(String[] args) {
    System.exit(run(writer(System.out), writer(System.err), args));
  }

  /** Runs one command and returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    Main main = new Main();
    return new CommandLine(main)
        .setOut(out)
        .setErr(err)
        .setUsageHelpWidth(USAGE_WIDTH)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::wrongCall)
        .setExecutionExceptionHandler(main::failed)
        .execute(args);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, Charset.defaultCharset());
  }

  private static int wrongCall(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    PrintWriter err = command.getErr();
    err.println(name + ": " + oneLine(e));
    UnmatchedArgumentException.printSuggestions(e, err);
    err.println("Try '" + name + " --help'.");
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }

  private int failed(Exception e, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (verbose || System.getenv("DDIM_DEBUG") != null) {
      e.printStackTrace(err);
    }
    err.println(command.getCommandSpec().qualifiedName() + ": " + oneLine(e));
    err.flush();
    return e instanceof WrongCallException
        ? CommandLine.ExitCode.USAGE
        : CommandLine.ExitCode.SOFTWARE;
  }

  private static String oneLine(Exception e) {
    return ErrorText.of(e).strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
