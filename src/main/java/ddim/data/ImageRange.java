package ddim.data;

import java.util.Objects;

/**
 * Some consecutive images of a source.
 *
 * @param source where they are
 * @param from the index of the first
 * @param size how many, at least 1
 */
public record ImageRange(ImageSource source, int from, int size) implements ImageSource {
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
  public String license() {
    return source.license();
  }

  @Override
  public int height() {
    return source.height();
  }

  @Override
  public int width() {
    return source.width();
  }

  @Override
  public int channels() {
    return source.channels();
  }

  @Override
  public int classes() {
    return source.classes();
  }

  @Override
  public int label(int index) {
    return source.label(from + Objects.checkIndex(index, size));
  }

  @Override
  public void read(int index, byte[] into, int offset) {
    source.read(from + Objects.checkIndex(index, size), into, offset);
  }
}
