package ddim.data;

/** Images of another source, at other places. */
interface ImageView extends ImageSource {
  /** Where they are. */
  ImageSource source();

  /**
   * Where an image is in the source.
   *
   * @throws IndexOutOfBoundsException if there is no such image
   */
  int place(int index);

  @Override
  default String license() {
    return source().license();
  }

  @Override
  default int height() {
    return source().height();
  }

  @Override
  default int width() {
    return source().width();
  }

  @Override
  default int channels() {
    return source().channels();
  }

  @Override
  default int classes() {
    return source().classes();
  }

  @Override
  default int label(int index) {
    return source().label(place(index));
  }

  @Override
  default void read(int index, byte[] into, int offset) {
    source().read(place(index), into, offset);
  }
}
