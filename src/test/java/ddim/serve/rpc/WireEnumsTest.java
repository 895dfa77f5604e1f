package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import ddim.diffusion.Preset;
import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.Sampler.Inversion;
import ddim.diffusion.Solver;
import ddim.diffusion.Spacing;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The wire says all that the maths knows, and nothing else. */
class WireEnumsTest {
  @Test
  void everyValueHasItsNameOnTheWire() {
    assertThat(read(ddim.v1.Solver.getDescriptor(), Solver.class)).containsExactly(Solver.values());
    assertThat(read(ddim.v1.Spacing.getDescriptor(), Spacing.class))
        .containsExactly(Spacing.values());
    assertThat(read(ddim.v1.Preset.getDescriptor(), Preset.class)).containsExactly(Preset.values());
    assertThat(read(ddim.v1.FinalAlphaBar.getDescriptor(), FinalAlphaBar.class))
        .containsExactly(FinalAlphaBar.values());
    assertThat(read(ddim.v1.Inversion.getDescriptor(), Inversion.class))
        .containsExactly(Inversion.values());
    for (Solver solver : Solver.values()) {
      assertThat(WireEnums.name(WireEnums.solver(solver))).isEqualTo(solver.wireName());
    }
    for (Spacing spacing : Spacing.values()) {
      assertThat(WireEnums.spacing(spacing).name()).isEqualTo("SPACING_" + spacing.name());
    }
  }

  @Test
  void anUnknownNumberIsToldWhatThereIs() {
    Problems problems = new Problems();

    assertThat(
            WireEnums.read(
                99,
                ddim.v1.Inversion.getDescriptor(),
                Inversion.class,
                "sampler.inversion",
                problems))
        .isEmpty();

    assertThat(problems.found().get(0).message())
        .isEqualTo(
            "sampler.inversion must be one of INVERSION_SOURCE, INVERSION_DESTINATION, is 99");
  }

  private static <E extends Enum<E>> List<E> read(EnumDescriptor wire, Class<E> type) {
    List<E> found = new ArrayList<>();
    for (EnumValueDescriptor value : wire.getValues()) {
      WireEnums.read(value.getNumber(), wire, type, "field", new Problems()).ifPresent(found::add);
    }
    return found;
  }
}
