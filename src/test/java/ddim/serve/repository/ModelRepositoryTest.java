package ddim.serve.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.diffusion.Sampler;
import ddim.diffusion.StepTable;
import ddim.model.ModelFormatException;
import ddim.model.SamplingModel;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.FakeTime;
import ddim.serve.batch.Gate;
import ddim.serve.batch.Job;
import ddim.serve.batch.RefusedException;
import ddim.serve.batch.RefusedException.Reason;
import ddim.serve.batch.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelRepositoryTest {
  @TempDir private Path root;
  private final Map<String, FakeModel> loaded = new ConcurrentHashMap<>();
  private ModelRepository repository;

  @BeforeEach
  void open() {
    open(RepositoryOptions.of(root));
  }

  private void open(RepositoryOptions options) {
    repository = new ModelRepository(options, this::load, BatcherOptions.of(4), new FakeTime());
  }

  @AfterEach
  void close() {
    repository.close();
  }

  @Test
  void servesTheNewestVersionOfEveryModel() throws IOException {
    folders("clothes/1", "clothes/2", "clothes/10", "faces/3");

    repository.loadAll();

    assertThat(repository.ready())
        .extracting(ready -> ready.name() + " " + ready.version())
        .containsExactly("clothes 10", "faces 3");
    try (Lease lease = repository.acquire("clothes", OptionalLong.empty())) {
      assertThat(lease.version()).isEqualTo(10);
    }
    assertThat(repository.broken()).isEmpty();
  }

  /** NOT_FOUND would have the client give up, though another replica has the model. */
  @Test
  void afterAShutdownNoModelIsSaidToBeUnknown() throws IOException {
    folders("clothes/1");
    repository.loadAll();
    repository.close();

    assertThatThrownBy(() -> repository.acquire("freed already", OptionalLong.empty()))
        .isInstanceOf(RefusedException.class)
        .hasMessage("the server is being shut down");
  }

  @Test
  void onlyTheVersionThatIsWantedIsLoaded() throws IOException {
    folders("clothes/1", "clothes/2", "faces/1");
    open(RepositoryOptions.only(root, model("clothes", "specific 1")));

    repository.loadAll();

    assertThat(loaded.keySet()).containsExactly("clothes/1");
    try (Lease lease = repository.acquire("clothes", OptionalLong.of(1))) {
      assertThat(lease.version()).isEqualTo(1);
    }
    assertThatThrownBy(() -> repository.acquire("clothes", OptionalLong.of(2)))
        .hasMessage("model 'clothes' has no version 2, ready are [1]");
  }

  @Test
  void everyModelHasItsPolicy() throws IOException {
    folders("a/1", "a/2", "a/3", "b/1", "b/2", "b/3", "c/1", "c/2", "c/3", "d/1", "d/2");
    Files.createFile(root.resolve("a/2/broken"));
    open(
        RepositoryOptions.of(root)
            .withModels(
                List.of(model("a", "latest 2"), model("b", "all"), model("c", "specific 1, 3"))));

    repository.loadAll();

    assertThat(repository.ready())
        .extracting(ready -> ready.name() + ready.version())
        .containsExactly("a1", "a3", "b1", "b2", "b3", "c1", "c3", "d2");
  }

  @Test
  void aVersionThatIsWantedAndNotThereIsReported() throws IOException {
    folders("clothes/1");
    open(RepositoryOptions.only(root, model("clothes", "specific 1,7")));

    repository.loadAll();

    assertThat(repository.ready()).hasSize(1);
    assertThat(repository.broken())
        .containsExactly(
            new ModelRepository.Broken(
                root.resolve("clothes"), "has no version folder for all of [1, 7], has [1]"));
  }

  @Test
  void aBrokenModelIsReportedAndTheRestServed() throws IOException {
    folders("clothes/1", "clothes/2-broken", "faces/1", "faces/2", "empty");
    Files.createFile(root.resolve("faces/2/broken"));

    repository.loadAll();

    assertThat(repository.ready())
        .extracting(ready -> ready.name() + " " + ready.version())
        .containsExactly("clothes 1", "faces 1");
    assertThat(repository.broken())
        .containsExactly(
            new ModelRepository.Broken(
                root.resolve("empty"), "has no version folder, such as empty/1"),
            new ModelRepository.Broken(root.resolve("faces/2"), "broken is not a model"));
  }

  @Test
  void foldersThatAreNoModelsAreLeftAlone() throws IOException {
    folders(".git/1", "..data/1", "with space/1", "clothes/1", "clothes/latest", "clothes/-2");
    Files.createFile(root.resolve("README"));

    repository.loadAll();

    assertThat(loaded.keySet()).containsExactly("clothes/1");
    assertThat(repository.broken()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        "../clothes",
        "clothes/1",
        "/",
        "clothes\0",
        "CLOTHES",
        "clothes/../clothes"
      })
  void namesOfClientsAreNoPaths(String name) throws IOException {
    folders("clothes/1");
    repository.loadAll();

    assertThatThrownBy(() -> repository.acquire(name, OptionalLong.empty()))
        .isInstanceOf(UnknownModelException.class)
        .hasMessage("there is no model '" + name + "', there are [clothes]");
  }

  @Test
  void anUnknownVersionIsToldWhichAreReady() throws IOException {
    folders("clothes/7");
    repository.loadAll();

    assertThatThrownBy(() -> repository.acquire("clothes", OptionalLong.of(8)))
        .isInstanceOf(UnknownModelException.class)
        .hasMessage("model 'clothes' has no version 8, ready are [7]");
  }

  @Test
  void beforeLoadingNothingIsUnknownYet() {
    assertThatThrownBy(() -> repository.acquire("clothes", OptionalLong.empty()))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LOADING));
  }

  @Test
  void aMissingFolderIsNamed() {
    ModelRepository missing =
        new ModelRepository(
            RepositoryOptions.of(root.resolve("nowhere")),
            this::load,
            BatcherOptions.of(4),
            new FakeTime());

    assertThatThrownBy(missing::loadAll)
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(root.resolve("nowhere").toString());
  }

  @Test
  void everyBatchSizeIsWarmedUp() throws IOException {
    folders("clothes/1");

    repository.loadAll();

    assertThat(loaded.get("clothes/1").calls())
        .extracting(FakeModel.Call::batchSize)
        .containsExactly(1, 1, 2, 2, 4, 4);
  }

  @Test
  void aModelIsFreedWhenNobodyUsesItAnyMore() throws Exception {
    folders("clothes/1");
    open(RepositoryOptions.only(root, ModelConfig.of("clothes")));
    repository.loadAll();
    Lease first = repository.acquire("clothes", OptionalLong.empty());
    Lease second = repository.acquire("clothes", OptionalLong.of(1));

    CompletableFuture<Void> freed = repository.unloaded();
    repository.unload("clothes").get(20, TimeUnit.SECONDS);

    assertThatThrownBy(() -> repository.acquire("clothes", OptionalLong.empty()))
        .isInstanceOf(UnknownModelException.class);
    assertThat(repository.ready()).isEmpty();
    first.close();
    first.close(); // counts once
    assertThat(freed).isNotDone();
    assertThat(sample(second).result().get(20, TimeUnit.SECONDS)).hasSize(1);
    second.close();
    freed.get(20, TimeUnit.SECONDS);
    assertThat(loaded.get("clothes/1").isClosed()).isTrue();
  }

  @Test
  void closingFreesTheModelAfterTheRunningCall() throws Exception {
    folders("clothes/1");
    repository.loadAll();
    Gate gate = new Gate();
    FakeModel model = loaded.get("clothes/1");
    model.onCall(
        call -> {
          gate.pass();
          assertThat(model.isClosed()).isFalse();
        });
    Lease lease = repository.acquire("clothes", OptionalLong.empty());
    Job job = sample(lease);
    gate.awaitCall();

    CompletableFuture<Void> answered = repository.shutdown(Duration.ZERO);

    answered.get(20, TimeUnit.SECONDS);
    assertThat(job.result()).isCompletedExceptionally();
    assertThat(repository.unloaded()).isNotDone();
    gate.open();
    repository.unloaded().get(20, TimeUnit.SECONDS);
    assertThat(model.isClosed()).isTrue();
  }

  private static ModelConfig model(String name, String versions) {
    return new ModelConfig(name, VersionPolicy.parse(versions), Map.of());
  }

  private static Job sample(Lease lease) {
    StepTable table = Sampler.ddim(2, 0).table(lease.schedule());
    return lease.batcher().submit(List.of(new Row(1, null, table)), null);
  }

  private SamplingModel load(Path folder) {
    if (Files.exists(folder.resolve("broken"))) {
      throw new ModelFormatException("broken is not a model");
    }
    FakeModel model = new FakeModel();
    loaded.put(root.relativize(folder).toString().replace('\\', '/'), model);
    return model;
  }

  private void folders(String... paths) throws IOException {
    for (String path : paths) {
      Files.createDirectories(root.resolve(path));
    }
  }
}
