package ddim.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.batch.BatcherOptions;
import ddim.serve.batch.FakeTime;
import ddim.v1.AutoSteps;
import ddim.v1.ListModelsRequest;
import ddim.v1.ModelInfo;
import ddim.v1.ModelRef;
import ddim.v1.SampleRequest;
import ddim.v1.SampleStreamRequest;
import ddim.v1.SamplingServiceGrpc;
import ddim.v1.SamplingServiceGrpc.SamplingServiceBlockingStub;
import io.grpc.Channel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A step takes ten minutes here, by the server's clock; deadlines are of the real one. */
class AutoStepsTest {
  @TempDir private Path root;

  private final FakeTime time = new FakeTime();
  private ServerFixture fixture;

  @BeforeEach
  void start() {
    fixture = ServerFixture.inProcess(root, BatcherOptions.of(1), time);
    fixture.clothes.onCall(call -> time.advance(Duration.ofMinutes(10L * call.columns())));
    ask(60, request().setSteps(2).setCount(1)); // from which the server knows
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  @Test
  void theDeadlineChoosesTheStepsAndTheReplySaysHowMany() {
    assertThat(ask(60, auto(1, 0)).getImages(0).getSteps()).as("60 / 1.25 / 10").isEqualTo(4);
    assertThat(ask(130, auto(1, 0)).getImages(0).getSteps()).isEqualTo(10);
    assertThat(ask(130, auto(1, 7)).getImages(0).getSteps()).isEqualTo(7);
    assertThat(ask(130, auto(1, 0).setCount(3)).getImages(2).getSteps())
        .as("one after the other")
        .isEqualTo(3);
  }

  @Test
  void aStreamSaysItAtTheStart() {
    var events =
        stub(130)
            .sampleStream(
                SampleStreamRequest.newBuilder().setSample(auto(6, 0)).addPreviewAfter(5).build());

    assertThat(events.next().getStarted().getSteps()).isEqualTo(10);
    events.forEachRemaining(event -> {});
  }

  @Test
  void whatCannotBeMetWithTheFewestStepsIsRefusedAtOnce() {
    int before = fixture.clothes.calls().size();

    assertThatThrownBy(() -> ask(60, auto(0, 0)))
        .hasMessageStartingWith(
            "DEADLINE_EXCEEDED: 1 images of 5 steps would take about 3000000 ms");
    assertThatThrownBy(() -> ask(60, request().setCount(1).setSteps(50)))
        .hasMessageStartingWith(
            "DEADLINE_EXCEEDED: 1 images of 50 steps would take about 30000000 ms");
    assertThat(fixture.clothes.calls()).hasSize(before);
  }

  @Test
  void aRequestThatContradictsItselfIsToldHow() {
    assertThatThrownBy(() -> ask(60, auto(8, 4).setSteps(3)))
        .hasMessage(
            "INVALID_ARGUMENT: steps must be absent beside auto_steps, are 3;"
                + " auto_steps.least must be from 1 to auto_steps.most 4, is 8");
    assertThatThrownBy(() -> ask(60, auto(1, 1001)))
        .hasMessageStartingWith("INVALID_ARGUMENT: auto_steps.most must be from 1 to 1000");
    assertThatThrownBy(() -> ask(60, request().setCount(1).setPriority(4)))
        .hasMessage(
            "INVALID_ARGUMENT: priority must be from 1, the most urgent, to 3, or absent, is 4");
  }

  @Test
  void theMetadataTellHowImagesAreBatched() {
    ModelInfo info =
        stub(60).listModels(ListModelsRequest.getDefaultInstance()).getModelsList().stream()
            .filter(model -> model.getModel().getName().equals("clothes"))
            .findFirst()
            .orElseThrow();

    assertThat(info.getBatching().getAllowedBatchSizesList()).containsExactly(1);
    assertThat(info.getBatching().getPriorityLevels()).isEqualTo(3);
    assertThat(info.getBatching().getDefaultPriorityLevel()).isEqualTo(2);
    assertThat(info.getBatching().getStepTimesList()).hasSize(1);
    assertThat(info.getBatching().getStepsTaken()).isEqualTo(2);
    assertThat(info.getBatching().getStepsComputed()).isEqualTo(2);
    assertThat(info.getBatching().getGraphCalls()).isEqualTo(1);
  }

  private ddim.v1.SampleResponse ask(int minutes, SampleRequest.Builder request) {
    return stub(minutes).sample(request.build());
  }

  private SamplingServiceBlockingStub stub(int minutes) {
    return SamplingServiceGrpc.newBlockingStub((Channel) fixture.channel)
        .withDeadlineAfter(minutes, TimeUnit.MINUTES);
  }

  private static SampleRequest.Builder auto(int least, int most) {
    return request().setCount(1).setAutoSteps(AutoSteps.newBuilder().setLeast(least).setMost(most));
  }

  private static SampleRequest.Builder request() {
    return SampleRequest.newBuilder().setModel(ModelRef.newBuilder().setName("clothes"));
  }
}
