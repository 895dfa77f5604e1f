package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ddim.diffusion.Violation;
import ddim.model.Condition;
import ddim.v1.SampleRequest;
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

    assertThat(wrong(request, 4))
        .extracting(Violation::message)
        .containsExactly(
            "class_labels must be one, or one an image, are 2 for 4 images",
            "class_labels[0] must be from -1 to 2, is 3",
            "class_labels[1] must be from -1 to 2, is -2",
            "guidance must be from 0 to 100, is NaN");
  }

  private static List<Violation> wrong(SampleRequest request, int images) {
    Problems problems = new Problems();
    Conditions.check(request, images, CLASSES, problems);
    return problems.found();
  }
}
