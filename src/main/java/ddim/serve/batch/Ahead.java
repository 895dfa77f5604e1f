package ddim.serve.batch;

/**
 * Work that may be done before, or beside, that of a newcomer.
 *
 * @param rows how many
 * @param steps of all of them together
 */
record Ahead(int rows, double steps) {
  static final Ahead NOTHING = new Ahead(0, 0);

  /** This and so many rows with so many steps each. */
  Ahead plus(int moreRows, double stepsEach) {
    return new Ahead(rows + moreRows, steps + moreRows * stepsEach);
  }
}
