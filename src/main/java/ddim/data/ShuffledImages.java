package ddim.data;

import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * The images of a source in an order that is always the same and has nothing to do with theirs, so
 * that the first of them stand for all: files in the order of their names begin with one class.
 */
public final class ShuffledImages implements ImageView {
  private static final long SEED = 1;

  private final ImageSource source;
  private final int[] order;

  public ShuffledImages(ImageSource source) {
    this.source = source;
    this.order = Permutation.of(source.size(), new Random(SEED));
  }

  @Override
  public ImageSource source() {
    return source;
  }

  @Override
  public int place(int index) {
    return order[Objects.checkIndex(index, order.length)];
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public int size() {
    return order.length;
  }

  @Override
  public List<String> classNames() {
    return source.classNames();
  }
}
