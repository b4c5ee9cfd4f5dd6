namespace Tercet.Extensions.Batching;

/// <summary>The waiting requests of one caller, first come, first served.</summary>
internal sealed class CallerQueue
{
    public string? Caller { get; set; }

    public int Count { get; private set; }

    public EmbedRequest? First { get; private set; }

    public CallerQueue? Next { get; set; }

    public CallerQueue? Previous { get; set; }

    private EmbedRequest? Last { get; set; }

    public void Add(EmbedRequest request)
    {
        (request.Queue, request.Previous, request.Next) = (this, Last, null);
        if (Last is null)
            First = request;
        else
            Last.Next = request;
        Last = request;
        Count++;
    }

    public void Remove(EmbedRequest request)
    {
        if (request.Previous is null)
            First = request.Next;
        else
            request.Previous.Next = request.Next;
        if (request.Next is null)
            Last = request.Previous;
        else
            request.Next.Previous = request.Previous;
        (request.Queue, request.Previous, request.Next) = (null, null, null);
        Count--;
    }
}
