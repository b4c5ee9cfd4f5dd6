namespace Tercet.Galleries.Files;

/// <summary>All that a gallery asks of a file system, beside mapping files that were checked. Tests put faults in its place.</summary>
internal interface IGalleryFiles
{
    /// <summary>Opens a file to be written from the beginning; an old one of the name is emptied.</summary>
    IGalleryFile Create(string path);

    /// <summary>Opens a file to be read.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    IGalleryFile Open(string path);

    /// <summary>Gives a file another name; a file that had it is replaced in one step.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file, if there is one.</summary>
    void Delete(string path);

    /// <summary>Returns when the names in a folder survive a loss of power.</summary>
    void SyncFolder(string path);
}
