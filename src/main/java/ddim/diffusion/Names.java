package ddim.diffusion;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Options looked up by the names that requests and commands give them. */
final class Names {
  private Names() {}

  static <E> E find(E[] values, Function<E, String> nameOf, String field, String name) {
    return Arrays.stream(values)
        .filter(value -> nameOf.apply(value).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    Arrays.stream(values)
                        .map(nameOf)
                        .collect(
                            Collectors.joining(", ", field + " must be one of ", ", is " + name))));
  }
}
