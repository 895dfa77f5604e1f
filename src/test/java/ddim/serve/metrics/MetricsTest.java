package ddim.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import ddim.serve.batch.BatchListener.GraphCall;
import ddim.serve.batch.BatchListener.Outcome;
import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeModel;
import ddim.serve.batch.RefusedException.Reason;
import ddim.serve.batch.SystemTime;
import ddim.serve.call.CallRecords;
import ddim.serve.repository.ModelRepository;
import ddim.serve.repository.RepositoryOptions;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is exported, what the README says is, and what the dashboard asks for. */
class MetricsTest {
  private static final Pattern FAMILY = Pattern.compile("(?m)^# TYPE (\\S+) ");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_]+)` \\|.*\\|.*\\|$");
  private static final Pattern ASKED = Pattern.compile("\\b(?:ddim|jvm|process|system)_[a-z_]+");

  @TempDir private Path root;
  private final ServerMetrics metrics = new ServerMetrics();
  private ModelRepository models;

  @BeforeEach
  void haveEverythingHappen() throws IOException {
    Files.createDirectories(root.resolve("clothes/3"));
    Files.createDirectories(root.resolve("nothing"));
    models =
        new ModelRepository(
            RepositoryOptions.of(root),
            folder -> new FakeModel(),
            BatcherOptions.of(4),
            new SystemTime());
    metrics.show(models);
    models.observe(metrics::batches);
    models.loadAll();
    var call = CallRecords.of("ddim.v1.SamplingService/Sample");
    metrics.calls().started(call, new Metadata());
    metrics.calls().started(call, new Metadata());
    metrics.calls().ended(call, Status.DEADLINE_EXCEEDED, Duration.ofMillis(30));
    var batches = metrics.batches("clothes", 3);
    batches.accepted(3);
    batches.refused(Reason.QUEUE_FULL, 7);
    batches.started(Duration.ofMillis(15));
    batches.computed(new GraphCall(3, 4, 20, 60, Duration.ofMillis(40)));
    batches.ended(Outcome.WITHDRAWN, 2, Duration.ofMillis(50));
    batches.freed(2, Duration.ofMillis(5));
  }

  @AfterEach
  void close() {
    models.close();
    metrics.close();
  }

  @Test
  void numbersAreThoseThatHappened() {
    String model = "{model=\"clothes\",version=\"3\"} ";
    assertThat(metrics.scrape(null))
        .contains(
            "ddim_requests_total{code=\"DEADLINE_EXCEEDED\",method=\"ddim.v1.SamplingService/Sample\"} 1.0",
            "ddim_request_seconds_sum{method=\"ddim.v1.SamplingService/Sample\"} 0.03",
            "ddim_requests_in_flight 1.0",
            "ddim_images_total{model=\"clothes\",outcome=\"withdrawn\",version=\"3\"} 2.0",
            "ddim_images_total{model=\"clothes\",outcome=\"done\",version=\"3\"} 0.0",
            "ddim_images_refused_total{model=\"clothes\",reason=\"queue_full\",version=\"3\"} 7.0",
            "ddim_queue_images" + model + "0",
            "ddim_queue_limit_images 256.0",
            "ddim_queue_seconds_bucket{model=\"clothes\",version=\"3\",le=\"0.01\"} 0",
            "ddim_queue_seconds_bucket{model=\"clothes\",version=\"3\",le=\"0.02\"} 1",
            "ddim_batch_rows_sum" + model + "3.0",
            "ddim_batch_fill_ratio_sum" + model + "0.75",
            "ddim_compute_seconds_sum" + model + "0.04",
            "ddim_steps_total" + model + "60.0",
            "ddim_free_seconds_count" + model + "2",
            "ddim_model_ready" + model + "1",
            "ddim_models_broken 1.0");
  }

  @Test
  void aVersionThatIsUnloadedIsNotReadyAnyMore() {
    assertThat(metrics.scrape(null)).contains("ddim_model_ready{");
    models.apply(List.of()).join();

    assertThat(metrics.scrape(null)).doesNotContain("ddim_model_ready{");
  }

  @Test
  void theTableOfTheReadmeIsWhatIsExported() throws IOException {
    Set<String> table = new TreeSet<>();
    ROW.matcher(Files.readString(Path.of("README.md")))
        .results()
        .map(m -> m.group(1))
        .forEach(table::add);
    table.removeIf(
        name -> !name.contains("_") || !(name.startsWith("ddim_") || name.startsWith("process_")));
    Set<String> exported = exported();
    exported.removeIf(
        name -> !name.startsWith("ddim_") && !name.equals("process_resident_memory_bytes"));

    assertThat(exported).isEqualTo(table);
  }

  @Test
  void theDashboardAsksForWhatIsExported() throws IOException {
    JsonNode dashboard =
        new ObjectMapper().readTree(Path.of("scripts/grafana/dashboard.json").toFile());
    Set<String> asked = new TreeSet<>();
    for (String field : new String[] {"expr", "query"}) {
      for (JsonNode query : dashboard.findValues(field)) {
        ASKED
            .matcher(query.isTextual() ? query.asText() : query.path("query").asText())
            .results()
            .map(MatchResult::group)
            .map(MetricsTest::family)
            .forEach(asked::add);
      }
    }

    assertThat(asked).hasSizeGreaterThan(15);
    assertThat(exported()).containsAll(asked);
    assertThat(asked)
        .as("all that is ours is shown")
        .containsAll(exported().stream().filter(name -> name.startsWith("ddim_")).toList());
  }

  /** The names of all families; that of a histogram stands for its maximum too. */
  private Set<String> exported() {
    return FAMILY
        .matcher(metrics.scrape(null))
        .results()
        .map(match -> family(match.group(1)))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String family(String name) {
    return name.startsWith("ddim_") ? name.replaceFirst("_(bucket|sum|count|max)$", "") : name;
  }
}
