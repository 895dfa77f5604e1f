package ddim.serve.repository;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.model.ModelFormatException;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.Gate;
import ddim.serve.batch.RefusedException;
import ddim.serve.repository.ModelControlException.Reason;
import ddim.serve.repository.RepositoryOptions.Control;
import ddim.serve.repository.RepositoryOptions.Swap;
import ddim.serve.repository.VersionStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is served changes: by the folder, by clients, by a new configuration. */
class ModelChangesTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  @TempDir private Path root;
  private final Map<String, FakeModel> loaded = new ConcurrentHashMap<>();
  private final List<String> attempts = new CopyOnWriteArrayList<>();
  private final FakeTime time = new FakeTime();
  private Consumer<String> onLoad = name -> {};
  private ModelRepository repository;

  @AfterEach
  void close() {
    repository.close();
  }

  @Test
  void aNewVersionTakesTheOldOnesPlaceWhenItsFilesHaveSettled() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root));
    CompletableFuture<Void> oldFreed = repository.unloaded();

    write("m/2");
    repository.poll();
    assertThat(states()).containsExactly("m/1 AVAILABLE", "m/2 START");
    Files.writeString(root.resolve("m/2/more"), "is being copied");
    repository.poll();
    assertThat(states()).containsExactly("m/1 AVAILABLE", "m/2 START");
    repository.poll();

    assertThat(newest("m")).isEqualTo(2);
    oldFreed.get(20, SECONDS);
    assertThat(states()).containsExactly("m/1 END", "m/2 AVAILABLE");
    assertThat(loaded.get("m/1").isClosed()).isTrue();
  }

  @Test
  void theFolderIsPolledFromTimeToTime() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root).withPollEvery(INTERVAL));
    write("m/2");

    for (int look = 0; look < 2; look++) {
      time.awaitAlarms(1); // set again when the look before is over
      time.advance(INTERVAL);
    }
    time.awaitAlarms(1);

    assertThat(newest("m")).isEqualTo(2);
  }

  @Test
  void aBrokenVersionLeavesTheOldOneServingAndIsTriedAgainWhenItChanges() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root));

    write("m/2");
    Files.createFile(root.resolve("m/2/broken"));
    polls(4);

    assertThat(newest("m")).isEqualTo(1);
    assertThat(repository.index())
        .contains(new VersionStatus("m", 2, State.END, "broken is not a model", List.of()));
    assertThat(attempts).containsExactly("m/1", "m/2"); // not once a look
    Files.delete(root.resolve("m/2/broken"));
    polls(2);
    assertThat(newest("m")).isEqualTo(2);
  }

  @Test
  void whatIsDeletedIsUnloaded() throws Exception {
    write("m/1", "m/2", "n/1");
    start(RepositoryOptions.of(root));
    CompletableFuture<Void> freed = repository.unloaded();

    Files.delete(root.resolve("m/2/file"));
    Files.delete(root.resolve("m/2"));
    Files.delete(root.resolve("n/1/file"));
    Files.delete(root.resolve("n/1"));
    Files.delete(root.resolve("n"));
    polls(2);

    freed.get(20, SECONDS);
    assertThat(newest("m")).isEqualTo(1);
    assertThatThrownBy(() -> newest("n")).isInstanceOf(UnknownModelException.class);
  }

  @Test
  void aFolderThatCannotBeReadChangesNothing() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root));
    Path away = root.resolveSibling(root.getFileName() + "-away");
    Files.move(root, away);

    assertThatThrownBy(repository::poll).isInstanceOf(ModelFormatException.class);

    assertThat(newest("m")).isEqualTo(1);
    Files.move(away, root);
    repository.poll();
    assertThat(newest("m")).isEqualTo(1);
  }

  @Test
  void whereMemoryIsShortTheOldVersionGoesFirst() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root).withSwap(Swap.UNLOAD_FIRST));
    List<Boolean> oldWasFreed = new CopyOnWriteArrayList<>();
    onLoad = name -> oldWasFreed.add(loaded.get("m/1").isClosed());
    write("m/2");

    polls(2);

    assertThat(oldWasFreed).containsExactly(true);
    assertThat(newest("m")).isEqualTo(2);
  }

  @Test
  void whereMemoryIsShortABrokenVersionBringsTheOldOneBack() throws Exception {
    write("m/1", "s/1");
    start(RepositoryOptions.of(root).withSwap(Swap.UNLOAD_FIRST));
    write("m/2");
    Files.createFile(root.resolve("m/2/broken"));

    polls(2);

    assertThat(newest("m")).isEqualTo(1);
    assertThat(attempts).containsExactly("m/1", "s/1", "m/2", "m/1");
  }

  @Test
  void betweenTwoVersionsWhereMemoryIsShortClientsMayTryAgain() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root).withSwap(Swap.UNLOAD_FIRST));
    write("m/2");
    repository.poll();
    Gate gate = new Gate();
    onLoad = name -> gate.pass();
    CompletableFuture<Void> polled = CompletableFuture.runAsync(repository::poll);
    gate.awaitCall();

    assertThatThrownBy(() -> newest("m"))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(RefusedException.Reason.LOADING));

    gate.open();
    polled.get(20, SECONDS);
    assertThat(newest("m")).isEqualTo(2);
  }

  @Test
  void clientsInControlLoadAndUnload() throws Exception {
    write("m/1", "n/1");
    start(RepositoryOptions.of(root).withControl(Control.EXPLICIT));
    assertThat(repository.ready()).isEmpty();

    repository.load("m").get(20, SECONDS);
    write("m/2");
    repository.load("m").get(20, SECONDS);
    repository.load("m").get(20, SECONDS); // nothing to do

    assertThat(newest("m")).isEqualTo(2);
    assertThat(attempts).containsExactly("m/1", "m/2");
    CompletableFuture<Void> freed = repository.unloaded();
    repository.unload("m").get(20, SECONDS);
    freed.get(20, SECONDS);
    assertThat(states()).containsExactly("m/1 END", "m/2 END");
    assertThatThrownBy(() -> newest("m")).isInstanceOf(UnknownModelException.class);
    failsWith(
        UnknownModelException.class,
        "model 'm' is not loaded",
        () -> repository.unload("m").get(20, SECONDS));
    repository.load("m").get(20, SECONDS);
    assertThat(newest("m")).isEqualTo(2);
  }

  @Test
  void aLoadThatFailsSaysWhyAndTheOldVersionServesOn() throws Exception {
    write("m/1");
    start(RepositoryOptions.only(root, ModelConfig.of("m")));
    write("m/2");
    Files.createFile(root.resolve("m/2/broken"));

    assertThatThrownBy(() -> repository.load("m").get(20, SECONDS))
        .cause()
        .isInstanceOfSatisfying(
            ModelControlException.class, e -> assertThat(e.reason()).isEqualTo(Reason.BROKEN))
        .hasMessage("m version 2: broken is not a model");

    assertThat(newest("m")).isEqualTo(1);
  }

  @Test
  void underThePollsControlClientsCannotLoad() throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root));
    String why = "the model repository is polled: models cannot be loaded by calls";

    failsWith(ModelControlException.class, why, () -> repository.load("m").get(20, SECONDS));
    failsWith(ModelControlException.class, why, () -> repository.unload("m").get(20, SECONDS));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"..", "../m", "m/1", "/etc", "", ".", "m\0", "m/../m", "%2e%2e", "M", "~", "m\\1"})
  void namesOfClientsDoNotLeaveTheRepository(String name) throws Exception {
    write("m/1");
    start(RepositoryOptions.of(root.resolve("m").getParent()).withControl(Control.EXPLICIT));

    failsWith(
        UnknownModelException.class,
        "there is no model '" + name + "' in the repository, there are [m]",
        () -> repository.load(name).get(20, SECONDS));
    assertThatThrownBy(() -> newest(name)).isInstanceOf(UnknownModelException.class);
    assertThat(attempts).isEmpty();
    assertThat(repository.isFolderOf(name, "")).isEqualTo(name.equals("M"));
    assertThat(repository.isFolderOf("m", name)).isEqualTo(name.isEmpty());
  }

  @Test
  void aPathOfAClientMayOnlyBeThatOfTheModel() throws Exception {
    start(RepositoryOptions.of(root));

    assertThat(repository.isFolderOf("m", root.resolve("m").toString())).isTrue();
    assertThat(repository.isFolderOf("m", root + "/n/../m/")).isTrue();
    assertThat(repository.isFolderOf("m", root.toString())).isFalse();
    assertThat(repository.isFolderOf("m", root + "/m/../../m")).isFalse();
    assertThat(repository.isFolderOf("m", "s3://bucket/m")).isFalse();
  }

  @Test
  void aConfigurationReplacesTheOneBefore() throws Exception {
    write("a/1", "a/2", "b/1", "b/2", "c/1");
    start(RepositoryOptions.of(root));
    CompletableFuture<Void> freed = repository.unloaded();

    repository
        .apply(
            List.of(
                new ModelConfig("a", VersionPolicy.parse("all"), Map.of("old", 1L, "new", 2L)),
                ModelConfig.of("b")))
        .get(20, SECONDS);

    assertThat(repository.ready())
        .extracting(ready -> ready.name() + ready.version() + ready.labels())
        .containsExactly("a1[old]", "a2[new]", "b2[]");
    try (Lease lease = repository.acquireLabel("a", "old")) {
      assertThat(lease.version()).isEqualTo(1);
    }
    assertThatThrownBy(() -> repository.acquireLabel("a", "older"))
        .isInstanceOf(UnknownModelException.class)
        .hasMessage("model 'a' has no label 'older', there are [new, old]");
    write("d/1", "b/3");
    polls(2);
    assertThat(newest("b")).isEqualTo(3);
    assertThatThrownBy(() -> newest("d")).isInstanceOf(UnknownModelException.class);
    assertThat(freed).isNotCompletedExceptionally();
  }

  @Test
  void aLabelIsOnlyGivenToAnAvailableVersion() throws Exception {
    write("a/1", "a/2");
    start(RepositoryOptions.of(root));
    repository
        .apply(List.of(new ModelConfig("a", VersionPolicy.NEWEST, Map.of("stable", 2L))))
        .get(20, SECONDS);

    assertThatThrownBy(
            () ->
                repository
                    .apply(
                        List.of(new ModelConfig("a", VersionPolicy.NEWEST, Map.of("stable", 1L))))
                    .get(20, SECONDS))
        .cause()
        .isInstanceOfSatisfying(
            ModelControlException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.LABEL_UNAVAILABLE))
        .hasMessage("label 'stable' of model 'a' must be of an available version [2], is 1");

    try (Lease lease = repository.acquireLabel("a", "stable")) {
      assertThat(lease.version()).isEqualTo(2);
    }
  }

  @Test
  void aConfigurationOfAnUnknownModelChangesNothing() throws Exception {
    write("a/1");
    start(RepositoryOptions.of(root));

    failsWith(
        UnknownModelException.class,
        "there is no model 'b' in the repository, there are [a]",
        () -> repository.apply(List.of(ModelConfig.of("b"))).get(20, SECONDS));

    assertThat(newest("a")).isEqualTo(1);
  }

  @Test
  void listenersHearTheWayOfAVersion() throws Exception {
    write("m/1");
    List<State> way = new CopyOnWriteArrayList<>();
    open(RepositoryOptions.only(root, ModelConfig.of("m")));
    repository.listen(status -> way.add(status.state()));

    repository.loadAll();
    CompletableFuture<Void> freed = repository.unloaded();
    repository.unload("m").get(20, SECONDS);
    freed.get(20, SECONDS);
    repository.close();

    assertThat(way).containsExactly(State.LOADING, State.AVAILABLE, State.UNLOADING, State.END);
  }

  private static void failsWith(
      Class<? extends Throwable> type, String message, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(type)
        .hasMessage(message);
  }

  private long newest(String name) {
    try (Lease lease = repository.acquire(name, OptionalLong.empty())) {
      return lease.version();
    }
  }

  private List<String> states() {
    return repository.index().stream()
        .map(v -> v.name() + "/" + v.version() + " " + v.state())
        .toList();
  }

  private void polls(int times) {
    for (int look = 0; look < times; look++) {
      repository.poll();
    }
  }

  private void start(RepositoryOptions options) {
    open(options);
    repository.loadAll();
  }

  private void open(RepositoryOptions options) {
    repository = new ModelRepository(options, this::load, BatcherOptions.of(2), time);
  }

  private SamplingModel load(Path folder) {
    String name = root.relativize(folder).toString().replace('\\', '/');
    attempts.add(name);
    onLoad.accept(name);
    if (Files.exists(folder.resolve("broken"))) {
      throw new ModelFormatException("broken is not a model");
    }
    FakeModel model = new FakeModel();
    loaded.put(name, model);
    return model;
  }

  private void write(String... versions) throws IOException {
    for (String version : versions) {
      Files.createDirectories(root.resolve(version));
      Files.writeString(root.resolve(version).resolve("file"), version);
    }
  }
}
