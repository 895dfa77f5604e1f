package ddim.eval.bulk;

/** How images are left in a folder. */
public enum BulkFormat {
  /** {@code 000000.png} and so on, named by their index. */
  PNG,
  /**
   * {@code samples.npz} with one array {@code arr_0}, uint8 [N, height, width, channels], as
   * programs that measure FID read it; until all are there, parts of it in {@code parts/}.
   */
  NPZ
}
