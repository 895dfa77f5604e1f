package ddim.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A tiny network trained for some seconds, once for all tests: its trajectories settle, where those
 * of random weights are chaotic.
 */
public final class TrainedTiny {
  /** Enough for the network to follow the noise in its input. */
  public static final int STEPS = 300;

  private static Path run;

  private TrainedTiny() {}

  /** The run's folder. */
  public static synchronized Path run() {
    if (run == null) {
      try {
        Path folder = Files.createTempDirectory("trained-tiny");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
        Trainer.run(
            TrainConfig.named("tiny"),
            new TinyImages(),
            folder.resolve("run"),
            STEPS,
            false,
            TrainListener.NONE);
        run = folder.resolve("run");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return run;
  }

  /** The exported model's folder. */
  public static Path export(Path models, String name) throws IOException {
    return RunExporter.export(run(), models, name, OptionalLong.empty());
  }

  private static void delete(Path root) {
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
