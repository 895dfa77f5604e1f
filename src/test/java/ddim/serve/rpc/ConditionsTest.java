package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Violation;
import ddim.model.Condition;
import ddim.v1.SampleRequest;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Labels and guidance of requests to a model with three classes. */
class ConditionsTest {
  private static final int CLASSES = 3;

  @Test
  void oneLabelIsForAllImages() {
    SampleRequest request = SampleRequest.newBuilder().addClassLabels(2).setGuidance(2.5).build();

    assertThat(wrong(request, 2)).isEmpty();
    assertThat(Conditions.of(request, 2))
        .containsExactly(new Condition(2, 2.5f), new Condition(2, 2.5f));
  }

  @Test
  void severalAreOneAnImageAndFollowedAsLearned() {
    SampleRequest request = SampleRequest.newBuilder().addClassLabels(0).addClassLabels(-1).build();

    assertThat(wrong(request, 2)).isEmpty();
    assertThat(Conditions.of(request, 2))
        .containsExactly(new Condition(0, 1), new Condition(-1, 1));
  }

  @Test
  void withoutLabelsThereIsNoCondition() {
    assertThat(Conditions.of(SampleRequest.getDefaultInstance(), 2))
        .containsExactly(Condition.NONE, Condition.NONE);
  }

  @Test
  void everyProblemIsTold() {
    SampleRequest request =
        SampleRequest.newBuilder()
            .addClassLabels(3)
            .addClassLabels(-2)
            .setGuidance(Double.NaN)
            .build();

    assertThat(wrong(request, 2))
        .extracting(Violation::message)
        .containsExactly(
            "class_labels[0] must be from -1 to 2, is 3",
            "class_labels[1] must be from -1 to 2, is -2",
            "guidance must be from 0 to 100, is NaN");
  }

  @Test
  void ofMillionsOfLabelsAFewAreTold() {
    SampleRequest request =
        SampleRequest.newBuilder().addAllClassLabels(Collections.nCopies(4_000_000, 9)).build();

    assertThat(wrong(request, 2))
        .extracting(Violation::message)
        .containsExactly("class_labels must be one, or one an image, are 4000000 for 2 images");
    assertThat(wrong(request, 4_000_000)).hasSize(8);
  }

  @Test
  void whatMustBeAbsentIsToldWithItsValue() {
    SampleRequest labels = SampleRequest.newBuilder().addClassLabels(1).build();
    Problems problems = new Problems();
    Conditions.check(labels, 1, 0, problems);

    assertThat(problems.found())
        .extracting(Violation::message)
        .containsExactly("class_labels must be absent, the model has no classes, are [1]");
    assertThat(wrong(SampleRequest.newBuilder().setGuidance(2).build(), 1))
        .extracting(Violation::message)
        .containsExactly("guidance must be absent without class_labels, is 2.0");
  }

  private static List<Violation> wrong(SampleRequest request, int images) {
    Problems problems = new Problems();
    Conditions.check(request, images, CLASSES, problems);
    return problems.found();
  }
}
