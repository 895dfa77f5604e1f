package ddim.data;

import java.util.Objects;

/**
 * Some consecutive images of a source.
 *
 * @param source where they are
 * @param from the index of the first
 * @param size how many, at least 1
 */
public record ImageRange(ImageSource source, int from, int size) implements ImageView {
  /**
   * @throws IndexOutOfBoundsException if the source has fewer
   */
  public ImageRange {
    Objects.checkFromIndexSize(from, Math.max(1, size), source.size());
  }

  @Override
  public String name() {
    return "%s (images %d to %d)".formatted(source.name(), from, from + size - 1);
  }

  @Override
  public int place(int index) {
    return from + Objects.checkIndex(index, size);
  }
}
