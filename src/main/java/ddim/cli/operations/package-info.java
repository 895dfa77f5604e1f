/**
 * The commands that ask a model for images: sample, encode, decode, reconstruct, interpolate,
 * sequence.
 *
 * <p>Every one asks a server: the one that is named, or one of its own for a folder of models.
 */
@NullMarked
package ddim.cli.operations;

import org.jspecify.annotations.NullMarked;
