package ddim.serve.signature;

/** The type of a tensor's elements. */
public enum ElementType {
  FLOAT32(Float.BYTES),
  INT32(Integer.BYTES),
  INT64(Long.BYTES),
  UINT8(Byte.BYTES);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of an element. */
  public int bytes() {
    return bytes;
  }
}
