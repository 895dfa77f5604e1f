package ddim.eval.bulk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Sampler;
import ddim.eval.GaussianModel;
import ddim.model.Condition;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BulkGenerationTest {
  private static final int COUNT = 23;
  private static final int BATCH = 4;

  @TempDir Path folder;
  private final GaussianModel model = new GaussianModel();

  private BulkGeneration of(long count, BulkFormat format) {
    return new BulkGeneration(model, Sampler.ddim(3, 1), count, 100, BATCH, format);
  }

  @Test
  void anInterruptedRunContinuesAndLeavesTheSameBytes() throws IOException {
    of(COUNT, BulkFormat.PNG).run(folder.resolve("whole"), Shard.WHOLE, images -> {});
    model.callsUntilFailure = 3;
    Path out = folder.resolve("resumed");
    assertThatThrownBy(() -> of(COUNT, BulkFormat.PNG).run(out, Shard.WHOLE, images -> {}))
        .hasMessage("the power failed");
    assertThat(files(out)).hasSize(3 * BATCH + 1);
    Files.delete(out.resolve("000002.png"));
    model.callsUntilFailure = Long.MAX_VALUE;
    model.networkCalls = 0;

    BulkGeneration.Outcome outcome = of(COUNT, BulkFormat.PNG).run(out, Shard.WHOLE, images -> {});

    assertThat(outcome).isEqualTo(new BulkGeneration.Outcome(COUNT, true));
    assertThat(files(out)).hasSize(COUNT + 1).isEqualTo(files(folder.resolve("whole")));
    assertThat(model.networkCalls).isEqualTo(3 * (BATCH + COUNT - 3 * BATCH));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 9})
  void shardsShareTheWorkAndMakeWhatOneProcessMakes(int shards) throws IOException {
    of(COUNT, BulkFormat.PNG).run(folder.resolve("whole"), Shard.WHOLE, images -> {});
    model.networkCalls = 0;
    long images = 0;
    boolean complete = false;
    for (int i = shards - 1; i >= 0; i--) {
      BulkGeneration.Outcome outcome =
          of(COUNT, BulkFormat.PNG).run(folder.resolve("shared"), new Shard(i, shards), n -> {});
      assertThat(outcome.isComplete()).isEqualTo(images + outcome.shard() == COUNT);
      complete = outcome.isComplete();
      images += outcome.shard();
    }

    assertThat(complete).isTrue();
    assertThat(images).isEqualTo(COUNT);
    assertThat(model.networkCalls).isEqualTo(3 * COUNT);
    assertThat(files(folder.resolve("shared"))).isEqualTo(files(folder.resolve("whole")));
  }

  @Test
  void theLastShardJoinsThePartsAsAnArrayThatNumpyReads() throws IOException {
    of(COUNT, BulkFormat.NPZ).run(folder, new Shard(1, 2), images -> {});
    assertThat(folder.resolve("samples.npz")).doesNotExist();

    of(COUNT, BulkFormat.NPZ).run(folder, new Shard(0, 2), images -> {});

    assertThat(folder.resolve("parts")).doesNotExist();
    try (ZipFile zip = new ZipFile(folder.resolve("samples.npz").toFile());
        InputStream in = zip.getInputStream(zip.getEntry("arr_0.npy"))) {
      byte[] bytes = in.readAllBytes();
      assertThat(Arrays.copyOf(bytes, 8)).containsExactly(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
      int start = 10 + bytes[8] + 256 * bytes[9];
      assertThat(start % 64).isZero();
      assertThat(new String(bytes, 10, start - 10, StandardCharsets.US_ASCII))
          .startsWith("{'descr': '|u1', 'fortran_order': False, 'shape': (23, 4, 4, 1), }")
          .endsWith("\n");
      assertThat(bytes.length - start).isEqualTo(COUNT * 16);
    }
    model.networkCalls = 0;
    of(COUNT, BulkFormat.NPZ).run(folder, Shard.WHOLE, images -> {});
    assertThat(model.networkCalls).isZero();
  }

  @Test
  void imagesOfOtherSettingsAreNotMixed() throws IOException {
    of(COUNT, BulkFormat.PNG).run(folder, Shard.WHOLE, images -> {});

    assertThatThrownBy(() -> of(24, BulkFormat.PNG).run(folder, Shard.WHOLE, images -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            folder.resolve("generate.json")
                + ": the folder holds results of other settings: count is 23 there, 24 now; choose"
                + " another folder");
  }

  @Test
  void imagesTakeLabelsInTurnWhicheverShardMakesThem() throws IOException {
    model.classes = 6;
    List<Condition> turns =
        List.of(new Condition(5, 2), new Condition(Condition.NO_LABEL, 2), new Condition(1, 2));
    labelled(turns).run(folder, new Shard(1, 2), images -> {});
    labelled(turns).run(folder, new Shard(0, 2), images -> {});

    assertThat(model.conditions).hasSize(COUNT);
    model.conditions.forEach(
        (seed, shown) ->
            assertThat(shown).as("seed " + seed).isEqualTo(turns.get((int) (seed - 100) % 3)));
    assertThatThrownBy(() -> labelled(turns.subList(0, 2)).run(folder, Shard.WHOLE, images -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("labels is [5,-1,1] there, [5,-1] now");
    assertThatThrownBy(() -> of(COUNT, BulkFormat.PNG).run(folder, Shard.WHOLE, images -> {}))
        .hasMessageContaining("labels is [5,-1,1] there, absent now");
    assertThatThrownBy(() -> labelled(List.of(new Condition(6, 1))))
        .hasMessage("the label must be from -1 to 5, is 6");
  }

  private BulkGeneration labelled(List<Condition> turns) {
    return new BulkGeneration(model, Sampler.ddim(3, 1), COUNT, 100, BATCH, BulkFormat.PNG, turns);
  }

  @ParameterizedTest
  @CsvSource({"2/2", "-1/2", "a/b", "1", "0/0", "1/99999999999"})
  void whatIsNoShardIsRefused(String text) {
    assertThatThrownBy(() -> Shard.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a shard is i/n with i from 0 to n - 1, not ");
  }

  private static Map<String, String> files(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Arrays.toString(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
