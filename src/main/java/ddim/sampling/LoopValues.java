package ddim.sampling;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** Typed access to the named values of a loop. */
final class LoopValues {
  private LoopValues() {}

  /**
   * @throws IllegalArgumentException if there is no such value or it is of another type
   */
  @SuppressWarnings("unchecked")
  static <T extends TType> Operand<T> get(
      Map<String, Operand<?>> values, String name, Class<T> type) {
    Operand<?> value = values.get(name);
    if (value == null || !type.equals(value.type())) {
      throw new IllegalArgumentException(
          "loop value '" + name + "' should be " + type.getSimpleName() + ", is " + value);
    }
    return (Operand<T>) value;
  }

  static Operand<TFloat32> floats(Map<String, Operand<?>> values, String name) {
    return get(values, name, TFloat32.class);
  }
}
