using System.Globalization;
using System.Numerics;
using Microsoft.AspNetCore.Http;
using Tercet.Server.Http;

namespace Tercet.Server.Endpoints;

/// <summary>Files and numbers of forms.</summary>
internal static class FormImages
{
    /// <exception cref="HttpFault">There is no such file.</exception>
    public static IFormFile Require(IFormCollection form, string name) =>
        form.Files.GetFile(name) ?? throw HttpFault.BadRequest($"The form has no file '{name}'.");

    /// <exception cref="HttpFault">It is no number.</exception>
    public static T Number<T>(string name, string text)
        where T : INumberBase<T> =>
        T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T? value) && T.IsFinite(value)
            ? value
            : throw HttpFault.BadRequest($"{name} is no number: '{text}'.");
}
