package ddim.data;

import java.util.List;
import java.util.Objects;
import java.util.Random;

/**
 * The images of a source in an order that is always the same and has nothing to do with theirs, so
 * that the first of them stand for all: files in the order of their names begin with one class.
 */
public final class ShuffledImages implements ImageSource {
  private static final long SEED = 1;

  private final ImageSource source;
  private final int[] order;

  public ShuffledImages(ImageSource source) {
    this.source = source;
    this.order = new int[source.size()];
    Random random = new Random(SEED);
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public String license() {
    return source.license();
  }

  @Override
  public int size() {
    return order.length;
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
    return source.label(order[Objects.checkIndex(index, order.length)]);
  }

  @Override
  public List<String> classNames() {
    return source.classNames();
  }

  @Override
  public void read(int index, byte[] into, int offset) {
    source.read(order[Objects.checkIndex(index, order.length)], into, offset);
  }
}
