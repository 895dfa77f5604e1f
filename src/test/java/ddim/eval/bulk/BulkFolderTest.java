package ddim.eval.bulk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Joining the parts of an npz file, by processes that are killed and that share a folder. */
class BulkFolderTest {
  private static final int COUNT = 150;
  private static final int PART = 4;
  private static final Duration LONG = Duration.ofMinutes(10);

  @TempDir Path root;
  private final ExecutorService processes = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    processes.shutdownNow();
  }

  /** Image i is i, everywhere. */
  private static byte[] image(int i) {
    byte[] image = new byte[16 * 16];
    Arrays.fill(image, (byte) i);
    return image;
  }

  private static BulkFolder withParts(Path root) throws IOException {
    BulkFolder folder = new BulkFolder(root, BulkFormat.NPZ, COUNT, PART, 16, 16, 1);
    for (int part = 0; part < folder.parts(); part++) {
      List<byte[]> images = new ArrayList<>();
      for (int i = 0; i < folder.size(part); i++) {
        images.add(image(part * PART + i));
      }
      folder.write(part, images);
    }
    return folder;
  }

  /** The whole file, and nothing else. */
  private static void requireJoined(Path root) throws IOException {
    assertThat(root.toFile().list()).containsExactly("samples.npz");
    try (ZipFile zip = new ZipFile(root.resolve("samples.npz").toFile());
        InputStream in = zip.getInputStream(zip.getEntry("arr_0.npy"))) {
      in.skipNBytes(NumpyFile.header(COUNT, 16, 16, 1).length);
      for (int i = 0; i < COUNT; i++) {
        assertThat(in.readNBytes(16 * 16)).as("image " + i).isEqualTo(image(i));
      }
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  @Test
  void equalImagesMakeEqualFilesAtAnyTime() throws Exception {
    BulkFolder first = withParts(Files.createDirectory(root.resolve("first")));
    BulkFolder second = withParts(Files.createDirectory(root.resolve("second")));
    first.finish(LONG);
    Thread.sleep(2100); // zip files tell every second second

    second.finish(LONG);

    assertThat(first.npz()).hasSameBinaryContentAs(second.npz());
  }

  /** With no patience they take the claim from each other, and really join at once. */
  @ParameterizedTest
  @ValueSource(longs = {0, 600_000})
  void severalThatJoinAtOnceLeaveTheWholeFile(long patienceMillis) throws Exception {
    for (int round = 0; round < 20; round++) {
      Path shared = Files.createDirectory(root.resolve("round-" + round));
      BulkFolder folder = withParts(shared);
      CyclicBarrier start = new CyclicBarrier(6);
      List<Future<?>> joins = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        joins.add(
            processes.submit(
                () -> {
                  start.await();
                  folder.finish(Duration.ofMillis(patienceMillis));
                  assertThat(folder.npz()).exists();
                  return null;
                }));
      }
      for (Future<?> join : joins) {
        join.get(1, TimeUnit.MINUTES);
      }
      requireJoined(shared);
    }
  }

  @Test
  void whatKilledProcessesLeftIsDeleted() throws IOException {
    BulkFolder folder = withParts(root);
    Files.write(root.resolve("parts/.part-00000003.bytes.1.part"), new byte[5]);
    Files.write(root.resolve(".samples.npz.1.part"), new byte[5]);

    folder.finish(LONG);

    requireJoined(root);
    BulkFolder pngs = new BulkFolder(root.resolve("pngs"), BulkFormat.PNG, 1, PART, 16, 16, 1);
    Files.createDirectories(pngs.root());
    Files.write(pngs.root().resolve(".000000.png.1.part"), new byte[5]);
    pngs.write(0, List.of(image(0)));
    pngs.finish(LONG);
    assertThat(pngs.root().toFile().list()).containsExactly("000000.png");
  }

  @Test
  void theClaimOfAKilledProcessIsVoidAfterAWhile() throws IOException {
    BulkFolder folder = withParts(root);
    Files.writeString(root.resolve("parts/joining"), "killed");

    folder.finish(Duration.ofMillis(50));

    requireJoined(root);
  }

  @Test
  void aProcessThatWasKilledBeforeItDeletedPartsIsFollowedUp() throws IOException {
    BulkFolder folder = withParts(root);
    folder.finish(LONG);
    withParts(root);
    Files.delete(root.resolve("parts/part-00000001.bytes"));
    Files.writeString(root.resolve("parts/joining"), "killed");

    folder.finish(Duration.ofMillis(50));

    requireJoined(root);
  }

  @Test
  void partsStayBesideADamagedFile() throws IOException {
    BulkFolder folder = withParts(root);
    folder.finish(LONG);
    withParts(root);
    byte[] bytes = Files.readAllBytes(folder.npz());
    Files.write(folder.npz(), Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(() -> folder.finish(LONG))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(folder.npz() + ": ");
    assertThat(root.resolve("parts/part-00000001.bytes")).exists();
    Files.delete(folder.npz());
    folder.finish(LONG);
    requireJoined(root);
  }

  @Test
  void oneWaitsForAnotherThatJoinsAndJoinsIfThatFails() throws Exception {
    BulkFolder folder = withParts(root);
    JoinClaim other = JoinClaim.take(root.resolve("parts/joining"), LONG).orElseThrow();
    Future<?> join =
        processes.submit(
            () -> {
              folder.finish(LONG);
              return null;
            });
    Thread.sleep(400);
    assertThat(join).isNotDone();

    other.close();

    join.get(1, TimeUnit.MINUTES);
    requireJoined(root);
  }

  @Test
  void aClaimThatIsRenewedIsSeenToLive() throws Exception {
    Path file = root.resolve("joining");
    try (JoinClaim claim = JoinClaim.take(file, LONG).orElseThrow()) {
      String before = Files.readString(file);
      claim.renew();
      assertThat(file).hasContent(before);
      Thread.sleep(1100);
      claim.renew();
      assertThat(file).content().startsWith(before).isNotEqualTo(before);
    }
    assertThat(file).doesNotExist();
  }
}
