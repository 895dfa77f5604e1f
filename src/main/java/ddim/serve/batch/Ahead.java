package ddim.serve.batch;

/**
 * Work that may be done before, or beside, that of a newcomer.
 *
 * @param places of batches that its rows need
 * @param work the rows of batches that all their steps are, see {@link Row#work()}
 */
record Ahead(int places, double work) {
  static final Ahead NOTHING = new Ahead(0, 0);

  /** This and so many places with so many steps each. */
  Ahead plus(int morePlaces, double stepsEach) {
    return new Ahead(places + morePlaces, work + morePlaces * stepsEach);
  }
}
