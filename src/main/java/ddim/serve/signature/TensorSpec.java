package ddim.serve.signature;

import java.util.List;

/**
 * An input or output of a signature.
 *
 * @param name how clients call it
 * @param node how the exported graph calls it
 * @param shape the first dimension is the batch; -1 where a request chooses
 */
public record TensorSpec(String name, String node, ElementType type, List<Long> shape) {
  /** A dimension that a request chooses. */
  public static final long ANY = -1;

  public TensorSpec {
    shape = List.copyOf(shape);
  }

  /** The shape of one row. */
  public List<Long> rowShape() {
    return shape.subList(1, shape.size());
  }

  /** Whether a tensor of that shape may be sent; the free dimensions must be at least 1. */
  boolean fits(List<Long> given) {
    if (given.size() != shape.size()) {
      return false;
    }
    for (int i = 0; i < shape.size(); i++) {
      long expected = shape.get(i);
      long size = given.get(i);
      if (expected == ANY ? size < 1 : size != expected) {
        return false;
      }
    }
    return true;
  }

  /** The number of columns that a tensor of a fitting shape has; 1 where there are none. */
  long columns(List<Long> given) {
    return shape.size() > 1 && shape.get(1) == ANY ? given.get(1) : 1;
  }

  /** The bytes of one row, if no other dimension is free. */
  long rowBytes() {
    return rowShape().stream().reduce(1L, (a, b) -> a * b) * type.bytes();
  }
}
