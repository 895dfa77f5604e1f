/**
 * The experiments of the DDIM paper for any model: tables, plots and pictures, cell by cell.
 *
 * <p>Start reading at {@link ddim.eval.experiment.Evaluation}.
 */
@NullMarked
package ddim.eval.experiment;

import org.jspecify.annotations.NullMarked;
