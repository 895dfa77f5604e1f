package ddim.eval.experiment;

import java.io.IOException;

/** One part of an evaluation. */
interface Experiment {
  /** How many rows go through the network. */
  long networkCalls();

  /**
   * Measures what has not been measured, and writes tables and pictures.
   *
   * @return its section of the report, in Markdown
   */
  String run() throws IOException;
}
