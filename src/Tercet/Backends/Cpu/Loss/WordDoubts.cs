using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>What counting in 16 bits leaves in doubt.</summary>
// SAFETY: the pointers are valid as ITermKernel.CountWords says.
internal static unsafe class WordDoubts
{
    /// <summary>Decides what float32 can: more than 16 bits, and leaves few keys in doubt: those too near a threshold for it, too, and those that have two thresholds nearby.</summary>
    /// <param name="keys">A row of keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="lanes">Keys of a doubtful word.</param>
    /// <param name="terms">The anchor.</param>
    /// <param name="thresholds">Its thresholds, ascending, and infinity.</param>
    /// <param name="counts">The keys' counts: of a doubtful one, the largest that there can be.</param>
    /// <param name="doubtful">Bits of the doubtful keys; those decided are cleared.</param>
    /// <param name="tallies">The anchor's tallies, which the counts are part of.</param>
    /// <returns>Whether any doubt is left.</returns>
    public static bool Decide(float* keys, int columns, int lanes, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies)
    {
        uint doubts = 0;
        float* end = thresholds + terms.Count;
        for (int column = 0; column < columns; column += lanes, doubtful++)
        {
            uint left = *doubtful;
            for (uint bits = left; bits != 0; bits &= bits - 1)
            {
                int lane = BitOperations.TrailingZeroCount(bits);
                float key = keys[column + lane];
                int most = (int)counts[column + lane];
                int count = most - (end[-most] <= key - terms.Slack ? 1 : 0);
                bool isCertain = end[-count] > key + terms.Slack & key > terms.SmallKey;
                count = isCertain ? count : most;
                counts[column + lane] = count;
                tallies[most]--;
                tallies[count]++;
                left &= ~((isCertain ? 1u : 0) << lane);
            }

            *doubtful = left;
            doubts |= left;
        }

        return doubts != 0;
    }

    /// <summary>Puts in doubt keys that are too small for float32.</summary>
    /// <param name="keys">A row of keys.</param>
    /// <param name="columns">How many.</param>
    /// <param name="lanes">Keys of a doubtful word.</param>
    /// <param name="smallKey">The largest of them.</param>
    /// <param name="doubtful">Receives their bits.</param>
    /// <returns>Not 0 where there are any.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint AddSmall(float* keys, int columns, int lanes, float smallKey, uint* doubtful)
    {
        uint doubts = 0;
        for (int column = 0; column < columns; column++)
        {
            uint found = (keys[column] <= smallKey ? 1u : 0) << (column % lanes);
            doubtful[column / lanes] |= found;
            doubts |= found;
        }

        return doubts;
    }
}
