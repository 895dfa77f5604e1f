package ddim.data;

import java.io.UncheckedIOException;
import java.util.List;

/**
 * A fixed set of images of one size, each found by its index.
 *
 * <p>Thread-safe. Pixels are unsigned bytes, row by row, channels last.
 */
public interface ImageSource {
  /** The licence of images whose terms nobody has stated, as SPDX writes it. */
  String NO_LICENSE_STATED = "NOASSERTION";

  /** The name of the data set, as models carry it. */
  String name();

  /** The licence of the images, as an SPDX expression. */
  String license();

  /** The number of images, at least 1. */
  int size();

  /** Rows of one image. */
  int height();

  /** Columns of one image. */
  int width();

  /** 1 for grey, 3 for red, green, blue. */
  int channels();

  /**
   * Copies one image.
   *
   * @param index which, from 0 to {@code size() - 1}
   * @param into receives {@link #imageSize()} bytes
   * @param offset where in {@code into} the image starts
   * @throws IndexOutOfBoundsException if there is no such image or no room for it
   */
  void read(int index, byte[] into, int offset);

  /** The number of classes of a labelled set; 0 if the images have no labels. */
  default int classes() {
    return 0;
  }

  /**
   * The class of an image, from 0 to {@code classes() - 1}.
   *
   * @throws IllegalStateException if the images have no labels
   */
  default int label(int index) {
    throw new IllegalStateException("the images of " + name() + " have no labels");
  }

  /** What the classes are called, by label; empty if nobody has said. */
  default List<String> classNames() {
    return List.of();
  }

  /**
   * SHA-256, in hexadecimal, of what tells these images from others: number, size, pixels and
   * labels, or, where pixels are still to be read, names and sizes of the files. Looks at all of
   * them.
   *
   * @throws UncheckedIOException if a file is no longer there
   */
  default String digest() {
    return ImageDigest.ofPixels(this);
  }

  /** The bytes of one image, height * width * channels. */
  default int imageSize() {
    return height() * width() * channels();
  }
}
