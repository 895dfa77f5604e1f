package ddim.serve.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ProtocolMessageEnum;
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
    assertThat(read(ddim.v1.Solver.values(), Solver.class)).containsExactly(Solver.values());
    assertThat(read(ddim.v1.Spacing.values(), Spacing.class)).containsExactly(Spacing.values());
    assertThat(read(ddim.v1.Preset.values(), Preset.class)).containsExactly(Preset.values());
    assertThat(read(ddim.v1.FinalAlphaBar.values(), FinalAlphaBar.class))
        .containsExactly(FinalAlphaBar.values());
    assertThat(read(ddim.v1.Inversion.values(), Inversion.class))
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
                ddim.v1.Inversion.UNRECOGNIZED, Inversion.class, "sampler.inversion", problems))
        .isEmpty();

    assertThat(problems.found().get(0).message())
        .isEqualTo("sampler.inversion must be one of INVERSION_SOURCE, INVERSION_DESTINATION");
  }

  private static <E extends Enum<E>> List<E> read(ProtocolMessageEnum[] wire, Class<E> type) {
    List<E> found = new ArrayList<>();
    for (var value : wire) {
      WireEnums.read(value, type, "field", new Problems()).ifPresent(found::add);
    }
    return found;
  }
}
