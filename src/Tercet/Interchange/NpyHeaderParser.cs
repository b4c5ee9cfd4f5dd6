using System.Globalization;

namespace Tercet.Interchange;

/// <summary>
/// Reads the Python dictionary literal of a <c>.npy</c> header: the keys descr, fortran_order and shape, each once, in any order. Anything else is refused,
/// as NumPy refuses it.
/// </summary>
internal ref struct NpyHeaderParser
{
    private readonly ReadOnlySpan<char> _text;
    private readonly string _path;
    private int _at;

    private NpyHeaderParser(string text, string path)
    {
        _text = text;
        _path = path;
    }

    internal static NpyHeader Parse(string text, long dataOffset, string path)
    {
        NpyHeaderParser parser = new(text, path);
        return parser.ParseDictionary(dataOffset);
    }

    private NpyHeader ParseDictionary(long dataOffset)
    {
        NpyDataType? type = null;
        bool? fortranOrder = null;
        (int Rank, long Rows, long Columns)? shape = null;

        Expect('{');
        while (!TryTake('}'))
        {
            string key = ParseString();
            Expect(':');
            if (key == "descr" && type is null)
                type = ParseType();
            else if (key == "fortran_order" && fortranOrder is null)
                fortranOrder = ParseBoolean();
            else if (key == "shape" && shape is null)
                shape = ParseShape();
            else
                throw Malformed($"key '{key}' is unknown or repeated");
            if (!TryTake(','))
            {
                Expect('}');
                break;
            }
        }

        SkipSpace();
        if (_at != _text.Length)
            throw Malformed("there is text after the dictionary");
        if (type is null || fortranOrder is null || shape is null)
            throw Malformed("descr, fortran_order or shape is missing");
        if (fortranOrder.Value && shape.Value is { Rank: > 1, Rows: > 1, Columns: > 1 })
            throw new InvalidFileException(_path, "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
        return new NpyHeader(type.Value, shape.Value.Rank, shape.Value.Rows, shape.Value.Columns, dataOffset);
    }

    private NpyDataType ParseType()
    {
        SkipSpace();
        if (_at < _text.Length && _text[_at] == '[')
            throw new InvalidFileException(_path, "structured dtypes are not read; save one plain array of numbers");
        string descriptor = ParseString();
        if (NpyDataTypes.TryParse(descriptor, out NpyDataType type))
            return type;
        if (descriptor.StartsWith('>'))
            throw new InvalidFileException(_path, $"dtype '{descriptor}' is big-endian; save array.astype('<{descriptor[1..]}') instead");
        if (descriptor.StartsWith("|O", StringComparison.Ordinal))
            throw new InvalidFileException(_path, "dtype object holds Python pickles, which are never read; save numbers instead");
        throw new InvalidFileException(_path, $"dtype '{descriptor}' is not read; f2, f4, f8, i1 to i8 and u1 to u8 are");
    }

    private (int Rank, long Rows, long Columns) ParseShape()
    {
        Span<long> sizes = stackalloc long[2];
        sizes.Fill(1);
        int rank = 0;
        bool comma = false;
        Expect('(');
        while (!TryTake(')'))
        {
            long size = ParseSize();
            if (rank < 2)
                sizes[rank] = size;
            rank++;
            comma = TryTake(',');
            if (!comma)
            {
                Expect(')');
                break;
            }
        }

        if (rank == 1 && !comma)
            throw Malformed("the shape is not a tuple");
        if (rank is 0 or > 2)
            throw new InvalidFileException(_path, $"the array has {rank} dimensions; 1 or 2 are read");
        return (rank, sizes[0], sizes[1]);
    }

    private long ParseSize()
    {
        SkipSpace();
        int start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
        if (!long.TryParse(_text[start.._at], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            throw Malformed("a size in the shape is not a whole number of 0 or more");

        // Python 2 wrote long integers as 3L.
        if (_at < _text.Length && _text[_at] == 'L')
            _at++;
        return size;
    }

    private bool ParseBoolean()
    {
        SkipSpace();
        foreach ((string word, bool value) in ((string, bool)[])[("True", true), ("False", false)])
        {
            if (!_text[_at..].StartsWith(word))
                continue;
            _at += word.Length;
            return value;
        }

        throw Malformed("fortran_order is neither True nor False");
    }

    private string ParseString()
    {
        SkipSpace();
        if (_at == _text.Length || _text[_at] is not ('\'' or '"'))
            throw Malformed($"a string is missing at character {_at}");
        int length = _text[(_at + 1)..].IndexOf(_text[_at]);
        if (length < 0)
            throw Malformed("a string is not closed");
        string value = _text.Slice(_at + 1, length).ToString();
        _at += length + 2;
        return value;
    }

    private void Expect(char wanted)
    {
        if (!TryTake(wanted))
            throw Malformed($"'{wanted}' is missing at character {_at}");
    }

    private bool TryTake(char wanted)
    {
        SkipSpace();
        if (_at == _text.Length || _text[_at] != wanted)
            return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
            _at++;
    }

    private readonly InvalidFileException Malformed(string problem) => new(_path, $"malformed .npy header: {problem}");
}
