package ddim.eval.experiment;

/** Hears how far an evaluation is. */
@FunctionalInterface
public interface EvaluationProgress {
  /**
   * @param networkCalls how many more rows have gone through the network
   * @param task what they were for
   */
  void worked(long networkCalls, String task);
}
