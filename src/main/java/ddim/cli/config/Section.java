package ddim.cli.config;

import java.util.function.Supplier;

/** Names the section in what a value is refused with. */
final class Section {
  private Section() {}

  static <T> T of(String name, Supplier<T> options) {
    try {
      return options.get();
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IllegalArgumentException(name + "." + e.getMessage(), e);
    }
  }
}
