package ddim.train;

import java.nio.file.Path;

/** Trains a tiny network and says every step; what {@link KillTest} kills. */
final class TrainInNewProcess {
  static final TrainConfig CONFIG =
      TrainConfig.parse("{\"base\": \"tiny\", \"checkpoint_every\": 2}", "test");

  private TrainInNewProcess() {}

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    boolean resume = Checkpoint.newest(new RunFolder(folder)).isPresent();
    Trainer.run(
        CONFIG,
        new TinyImages(),
        folder,
        Long.parseLong(arguments[1]),
        resume,
        progress -> {
          System.out.println("step " + progress.step());
          System.out.flush();
        });
  }
}
