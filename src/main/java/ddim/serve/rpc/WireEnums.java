package ddim.serve.rpc;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import ddim.diffusion.Sampler.FinalAlphaBar;
import ddim.diffusion.Sampler.Inversion;
import ddim.diffusion.Solver;
import ddim.diffusion.Spacing;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The enums of the wire, which are those of {@code ddim.diffusion} with their type's name in front,
 * and UNSPECIFIED.
 */
public final class WireEnums {
  private WireEnums() {}

  /**
   * What a value of the wire is called here.
   *
   * @param number the value
   * @param wire the enum of the wire
   * @param field the field that holds it
   * @return empty if it is unspecified or unknown; then the problem is told
   */
  static <E extends Enum<E>> Optional<E> read(
      int number, EnumDescriptor wire, Class<E> type, String field, Problems problems) {
    EnumValueDescriptor value = wire.findValueByNumber(number);
    String name = value == null ? "" : value.getName();
    if (name.equals(prefix(type) + "UNSPECIFIED")) {
      return Optional.empty();
    }
    for (E constant : type.getEnumConstants()) {
      if (name.equals(prefix(type) + constant.name())) {
        return Optional.of(constant);
      }
    }
    problems.add(
        field,
        Arrays.stream(type.getEnumConstants())
            .map(constant -> prefix(type) + constant.name())
            .collect(Collectors.joining(", ", field + " must be one of ", ", is " + number)));
    return Optional.empty();
  }

  public static ddim.v1.Solver solver(Solver solver) {
    return ddim.v1.Solver.valueOf(prefix(Solver.class) + solver.name());
  }

  public static ddim.v1.Spacing spacing(Spacing spacing) {
    return ddim.v1.Spacing.valueOf(prefix(Spacing.class) + spacing.name());
  }

  public static ddim.v1.FinalAlphaBar finalAlphaBar(FinalAlphaBar level) {
    return ddim.v1.FinalAlphaBar.valueOf(prefix(FinalAlphaBar.class) + level.name());
  }

  public static ddim.v1.Inversion inversion(Inversion inversion) {
    return ddim.v1.Inversion.valueOf(prefix(Inversion.class) + inversion.name());
  }

  /** What commands call a solver, whether this program knows it or not. */
  public static String name(ddim.v1.Solver solver) {
    String name = solver.name();
    return name.substring(name.startsWith("SOLVER_") ? "SOLVER_".length() : 0)
        .toLowerCase(Locale.ROOT);
  }

  /** FinalAlphaBar: FINAL_ALPHA_BAR_. */
  private static String prefix(Class<?> type) {
    String words = type.getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", "_");
    return words.toUpperCase(Locale.ROOT) + "_";
  }
}
